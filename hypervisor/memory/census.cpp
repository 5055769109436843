#include "memory/census.hpp"

#include "memory/frame.hpp"

namespace basalt {

namespace {

constexpr Mfn four_gib(std::uint64_t{1} << 20);

std::optional<Finding> compare(std::string_view what, std::uint64_t noted, std::uint64_t counted) {
    if (noted == counted) return std::nullopt;
    return Finding{owner_hypervisor, "memory", 0, what, noted, counted};
}

}    // namespace

void Census::count() {
    for (Mfn mfn(0); has_record(mfn); ++mfn) {
        const auto owner = frame(mfn).owner_word();
        if (owner.owner() == owner_io) continue;
        ++counted_.total;
        if (owner.charged()) ++charged_[owner.owner().raw];
        if (owner.owner() != owner_nobody) continue;
        ++counted_.free;
        if (mfn < four_gib) ++counted_.free_below_4g;
    }
}

std::optional<Finding> Census::first_finding() const {
    const auto noted = free_counts();
    if (auto wrong = compare("number of frames", noted.total, counted_.total)) return wrong;
    if (auto wrong = compare("number of free frames", noted.free, counted_.free)) return wrong;
    if (auto wrong = compare("number of free frames below 4 GiB", noted.free_below_4g, counted_.free_below_4g)) return wrong;
    for (std::uint32_t id = 0; id < owners; ++id) {
        const DomainId owner(static_cast<std::uint16_t>(id));
        if (charged_to(owner) != 0 && domain_memory_of(owner) == nullptr)
            return Finding{owner, "account", id, "frames of a domain that is not there", charged_to(owner), 0};
    }
    return std::nullopt;
}

std::optional<Finding> Census::first_finding(const DomainMemory& account) const {
    const auto noted = account.total.load();
    if (noted == charged_to(account.id)) return std::nullopt;
    return Finding{account.id, "account", account.id.raw, "number of frames", noted, charged_to(account.id)};
}

}    // namespace basalt
