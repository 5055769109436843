#include "guests/hvm/memory.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "domain/domain.hpp"
#include "domain/guest_memory.hpp"
#include "domain/own_frames.hpp"
#include "linear/walk.hpp"
#include "machine/features.hpp"

namespace basalt::hvm {
namespace {

using linear::Access;
using linear::Exchanged;
using linear::Width;

// The guest's tables in the guest's memory, as linear::walk wants them.
class TableMemory {
public:
    explicit TableMemory(const Domain& domain) : domain_(domain) {}

    std::optional<std::uint64_t> read(std::uint64_t address, Width width) {
        const auto page = own_frame(domain_, Pfn(address >> page_shift), false);
        return page ? std::optional(read_in(*page, address, width)) : std::nullopt;
    }
    Exchanged exchange(std::uint64_t address, Width width, std::uint64_t expected, std::uint64_t wanted) {
        const auto page = own_frame(domain_, Pfn(address >> page_shift), true);
        if (!page) return Exchanged::nothing_there;
        const bool done = width == Width::four_bytes ? exchange_in<std::uint32_t>(*page, address, expected, wanted)
                                                     : exchange_in<std::uint64_t>(*page, address, expected, wanted);
        return done ? Exchanged::yes : Exchanged::changed;
    }

protected:
    static std::uint64_t read_in(const FrameReference& page, std::uint64_t address, Width width) {
        if (width == Width::four_bytes) return at<std::uint32_t>(page, address).load(std::memory_order_acquire);
        return at<std::uint64_t>(page, address).load(std::memory_order_acquire);
    }

    const Domain& domain_;

private:
    template <typename Word>
    static std::atomic_ref<Word> at(const FrameReference& page, std::uint64_t address) {
        return std::atomic_ref(*reinterpret_cast<Word*>(static_cast<std::byte*>(contents(page.mfn())) + address % page_size));
    }
    template <typename Word>
    static bool exchange_in(const FrameReference& page, std::uint64_t address, std::uint64_t expected, std::uint64_t wanted) {
        auto found = static_cast<Word>(expected);
        return at<Word>(page, address).compare_exchange_strong(found, static_cast<Word>(wanted));
    }
};

linear::Mode mode_of(const GuestState& save) {
    return {.cr0 = save.cr0,
            .cr3 = save.cr3,
            .cr4 = save.cr4,
            .efer = save.efer,
            .physical_bits = static_cast<std::uint8_t>(features().physical_bits),
            .gigabyte_pages = features().gigabyte_pages};
}

// `act(where, done, count)` for each piece that lies in one page.
template <typename Act>
Result<> for_each_piece(const HvmVcpu& vcpu, std::uint64_t linear, std::size_t size, Access access, Act act) {
    const linear::Mode mode = mode_of(vcpu.state());
    TableMemory tables(vcpu.domain);
    for (std::size_t done = 0; done < size;) {
        const auto place = linear::walk(mode, linear + done, access, tables);
        if (!place) return refuse(Error::bad_address);
        const std::uint64_t left = page_size - place->address % page_size;
        const std::size_t piece = std::min({size - done, std::size_t{left}, std::size_t{place->bytes}});
        const auto page = own_frame(vcpu.domain, Pfn(place->address >> page_shift), access.kind == Access::Kind::write);
        if (!page) return refuse(Error::bad_address);
        act(static_cast<std::byte*>(contents(page->mfn())) + place->address % page_size, done, piece);
        done += piece;
    }
    return {};
}

// A kernel that calls lets its memory be seen, whatever it has in RFLAGS.AC.
constexpr Access by_call(Access::Kind kind) { return {.kind = kind, .past_smap = true}; }

Result<> read_as(const HvmVcpu& vcpu, std::span<std::byte> to, std::uint64_t linear, Access access) {
    return for_each_piece(vcpu, linear, to.size(), access, [&](const std::byte* at, std::size_t done, std::size_t piece) {
        std::memcpy(to.data() + done, at, piece);
    });
}

}   // namespace

namespace {

// What a walk has read on its way. One that has set marks is not worth keeping: the next one finds them.
class NotedTables : public TableMemory {
public:
    using TableMemory::TableMemory;

    std::optional<std::uint64_t> read(std::uint64_t address, Width width) {
        const auto page = own_frame(domain_, Pfn(address >> page_shift), false);
        if (!page || way.length == way.places.size()) return std::nullopt;
        const auto entry = TableMemory::read_in(*page, address, width);
        way.places[way.length] = static_cast<const std::byte*>(contents(page->mfn())) + address % page_size;
        way.entries[way.length++] = entry;
        way.is_wide = width == Width::eight_bytes;
        return entry;
    }
    Exchanged exchange(std::uint64_t address, Width width, std::uint64_t expected, std::uint64_t wanted) {
        is_worth_it = false;
        way.length = 0;
        return TableMemory::exchange(address, width, expected, wanted);
    }

    KeptCode::Way way;
    bool is_worth_it = true;
};

void keep_code(HvmVcpu& vcpu, std::uint64_t linear, Access access) {
    NotedTables tables(vcpu.domain);
    const auto place = linear::walk(mode_of(vcpu.state()), linear, access, tables);
    if (!place || !tables.is_worth_it) return;
    const auto page = own_frame(vcpu.domain, Pfn(place->address >> page_shift), false);
    if (page) vcpu.kept_code.keep(vcpu.state(), linear, tables.way, static_cast<const std::byte*>(contents(page->mfn())));
}

}   // namespace

Result<> fetch(HvmVcpu& vcpu, std::span<std::byte> to, std::uint64_t linear) {
    const Access access{.kind = Access::Kind::fetch, .by_user = vcpu.state().cpl == 3};
    TRY(read_as(vcpu, to, linear, access));
    keep_code(vcpu, linear, access);
    return {};
}

}   // namespace basalt::hvm

namespace basalt {

using linear::Access;

Result<> read_by_walk(const Vcpu& vcpu, std::span<std::byte> to, std::uint64_t from) {
    return hvm::read_as(hvm::of(vcpu), to, from, hvm::by_call(Access::Kind::read));
}

Result<> write_by_walk(const Vcpu& vcpu, std::uint64_t to, std::span<const std::byte> from) {
    const auto store = [&](std::byte* at, std::size_t done, std::size_t piece) { std::memcpy(at, from.data() + done, piece); };
    return hvm::for_each_piece(hvm::of(vcpu), to, from.size(), hvm::by_call(Access::Kind::write), store);
}

}   // namespace basalt
