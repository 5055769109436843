#include "domain/audit.hpp"

#include <bit>
#include <optional>

#include "abi/event_channel.hpp"
#include "abi/grant_table.hpp"
#include "abi/xen.hpp"
#include "core/per_cpu.hpp"
#include "debug/log.hpp"
#include "devices/pirqs.hpp"
#include "domain/domain.hpp"
#include "domain/doors.hpp"
#include "domain/run.hpp"
#include "domain/standstill.hpp"
#include "events/audit.hpp"
#include "grants/audit.hpp"
#include "memory/allocator.hpp"
#include "memory/census.hpp"
#include "paging/audit.hpp"
#include "paging/take.hpp"

namespace basalt {
namespace {

using Wrong = std::optional<Finding>;

constinit std::atomic<bool> wished_at_the_end{false};

// Zeroed room for counts, given back afterwards.
template <typename T>
class Counts {
public:
    static Result<Counts> take(std::size_t count) {
        const auto pages = (count * sizeof(T) + page_size - 1) >> page_shift;
        const auto order = static_cast<unsigned>(std::bit_width(pages - 1));
        if (order > most_order) return refuse(Error::no_memory);
        return Counts(TRY(allocate_frames(order)), order, count);
    }
    Counts(Counts&& other) noexcept : first_(std::exchange(other.first_, no_mfn)), order_(other.order_), count_(other.count_) {}
    Counts& operator=(Counts&&) = delete;
    ~Counts() {
        if (first_ != no_mfn) free_frames(first_, order_);
    }
    std::span<T> all() const { return {static_cast<T*>(contents(first_)), count_}; }

private:
    Counts(Mfn first, unsigned order, std::size_t count) : first_(first), order_(order), count_(count) {}
    Mfn first_;
    unsigned order_;
    std::size_t count_;
};

struct Room {
    Counts<paging::Expected> frames;
    Counts<std::uint32_t> charged;
    Counts<grants::Pins> pins;
};

Result<Room> take_room() {
    return Room{TRY(Counts<paging::Expected>::take(memory_views.end.raw)), TRY(Counts<std::uint32_t>::take(Census::owners)),
                TRY(Counts<grants::Pins>::take(grants::Audit::most_entries()))};
}

// Those that have left the list, and are not taken apart yet, too.
template <typename Action>
void for_every_domain(Action&& action) {
    for_each_domain(action);
    for (Domain* domain = first_leaving_domain(); domain != nullptr; domain = domain->links.next_dead) action(*domain);
}

template <typename Check>
Wrong first_wrong_domain(Check&& check) {
    Wrong first;
    for_each_domain([&](Domain& domain) {
        if (!first) first = check(domain);
    });
    return first;
}

// --- who holds which frames ---

void count_vcpu(Vcpu& vcpu, paging::Audit& audit) {
    // In use it would go uncounted, and be found.
    const auto page =
        vcpu.info_page.try_with([](const events::SharedPage& here) { return here ? here.mfn() : no_mfn; }, no_mfn);
    if (page != no_mfn) audit.add_use(page, Use::writable);
    count_frames(vcpu, audit);
}

void count_domain(Domain& domain, paging::Audit& audit) {
    const auto add_writable = [&](Mfn mfn) { audit.add_use(mfn, Use::writable); };
    for (Vcpu* const vcpu : domain.vcpus()) count_vcpu(*vcpu, audit);
    if (domain.shared_info_frame != no_mfn) add_writable(domain.shared_info_frame);
    if (domain.pirq_ends_page) add_writable(domain.pirq_ends_page.mfn());
    domain.nested.count_frames(audit);
    events::Audit(domain.events).for_each_page(add_writable);
    for (std::uint32_t index = 0; index < domain.grants.frame_count(); ++index) add_writable(*domain.grants.frame(index));
    grants::for_each_mapping(domain.grants, [&](grants::Handle, const grants::Mapping& mapping) {
        const Mfn mfn(mapping.frame);
        mapping.writing() ? add_writable(mfn) : audit.add_reference(mfn);
        if (borrows_by_grants(domain) && (mapping.flags & GNTMAP_host_map) != 0) audit.add_lent(mfn, mapping.writing());
    });
}

Wrong wrong_with_frames(std::span<paging::Expected> counts) {
    paging::Audit audit(counts);
    for_every_domain([&](Domain& domain) { count_domain(domain, audit); });
    audit.count_free_blocks();
    audit.count_tables_and_holds();
    return audit.first_finding();
}

// --- accounts ---

Wrong wrong_with_accounts(std::span<std::uint32_t> charged) {
    Census census(charged.first<Census::owners>());
    census.count();
    std::uint64_t claimed = 0;
    for_each_domain([&](Domain& domain) { claimed += domain.memory.claimed.load(); });
    if (auto wrong = census.first_finding()) return wrong;
    if (const auto noted = free_counts().claimed; noted != claimed)
        return Finding{owner_hypervisor, "memory", 0, "number of claimed frames", noted, claimed};
    return first_wrong_domain([&](Domain& domain) { return census.first_finding(domain.memory); });
}

// --- vcpus and CPUs ---

Wrong wrong_with_vcpus(Domain& domain) {
    for (const Vcpu* const vcpu : domain.vcpus())
        if (auto wrong = wrong_with_vcpu(*vcpu)) return wrong;
    return std::nullopt;
}

// Only a CPU itself can read its registers: each notes what is wrong with them before it stands still.
struct Noted {
    Wrong wrong;
};
constinit PerCpu<Noted> noted;

void look_at_this_cpu() { noted.here().wrong = wrong_with_this_cpu(); }

Wrong wrong_with_cpus() {
    look_at_this_cpu();
    Wrong first;
    online_cpus().for_each([&](CpuId id) {
        if (!first) first = noted.of(id).wrong;
    });
    return first;
}

// --- ports ---

Wrong wrong_with_pirqs(Domain& domain) {
    for (Pirq pirq(0); pirq.raw < pirq_end; ++pirq) {
        const Port port(domain.pirq_ports[pirq.raw].load());
        if (port == Port(0)) continue;
        const auto there = domain.events.status(port);
        if (there && there->status == EVTCHNSTAT_pirq && there->u.pirq == pirq.raw) continue;
        return Finding{domain.id, "pirq", pirq.raw, "port", port.raw, 0};
    }
    return std::nullopt;
}

// An interrupt is a domain's until its ports are closed.
Wrong wrong_with_routes() {
    for (Pirq pirq(0); pirq.raw < pirq_end; ++pirq) {
        const auto owner = owner_of(pirq);
        if (!owner) continue;
        const auto domain = listed_domain(*owner);
        const auto has_none = [](const Steering& steering) { return steering.ending().stage > EndProgress::Stage::ports; };
        if (!domain ||
            (*domain)->control.try_with(has_none, true))   // who had it while the machine stands still would be found, too
            return Finding{*owner, "pirq", pirq.raw, "owner who is not there", owner->raw, DOMID_INVALID};
    }
    return std::nullopt;
}

Wrong wrong_with_ports(Domain& domain) {
    if (auto wrong = wrong_with_pirqs(domain)) return wrong;
    return events::Audit(domain.events).first_finding();
}

// --- grants ---

Wrong wrong_with_grants(Domain& granter, std::span<grants::Pins> pins) {
    if (auto wrong = grants::wrong_with_mappings(granter.grants)) return wrong;
    grants::Audit audit(granter.grants, pins);
    for_each_domain([&](Domain& mapper) { audit.count(mapper.grants); });
    return audit.first_finding();
}

Wrong first_wrong(const Room& room) {
    if (auto wrong = wrong_with_accounts(room.charged.all())) return wrong;
    if (auto wrong = wrong_with_frames(room.frames.all())) return wrong;
    if (auto wrong = first_wrong_domain(wrong_with_vcpus)) return wrong;
    if (auto wrong = wrong_with_cpus()) return wrong;
    if (auto wrong = first_wrong_domain(wrong_with_ports)) return wrong;
    if (auto wrong = wrong_with_routes()) return wrong;
    return first_wrong_domain([&](Domain& domain) { return wrong_with_grants(domain, room.pins.all()); });
}

void settle_undoing() {
    for_each_domain([](Domain& domain) {
        for (bool done = false; !done;) {
            paging::Budget budget;
            done = paging::finish_undoing(domain.memory, budget);
        }
    });
}

void tell(const Finding& wrong) {
    if (wrong.domain < DomainId(DOMID_FIRST_RESERVED))
        log(Level::error, "audit: {} {x} of d{}: {}: found {x}, expected {x}", wrong.kind, wrong.number, wrong.domain,
            wrong.what, wrong.found, wrong.expected);
    else
        log(Level::error, "audit: {} {x} of {}: {}: found {x}, expected {x}", wrong.kind, wrong.number,
            wrong.domain == owner_hypervisor ? "Basalt" : "nobody", wrong.what, wrong.found, wrong.expected);
    const Mfn mfn(wrong.number);
    if (wrong.kind == "frame" && has_record(mfn))
        log(Level::error, "audit: the record of frame {x} is {x16} {x16}", mfn, frame(mfn).word().raw(),
            frame(mfn).owner_word().raw());
}

}  // namespace

Result<> audit(bool may_give_up) {
    const auto room = take_room();
    if (!room) {
        log(Level::error, "audit: there is no memory for its counts");
        return refuse(Error::no_memory);
    }
    const auto alone = Standstill::begin(may_give_up);
    if (!alone) return refuse(Error::again);
    const Instant begin = system_time();
    settle_undoing();
    if (const auto wrong = first_wrong(*room)) {
        tell(*wrong);
        return refuse(Error::input_output);
    }
    log(Level::info, "audit: all frames, ports and grants agree ({} us)", (system_time() - begin) / 1000);
    return {};
}

void audit_soon() { raise_here(Work::audit); }

void audit_for_a_key() {
    if (const auto agrees = audit(true); !agrees && agrees.error() == Error::again) audit_soon();
}

void stand_audited() {
    look_at_this_cpu();
    stand_still();
}

void audit_before_the_end() { wished_at_the_end = true; }

void audit_if_wished() {
    if (!wished_at_the_end) return;
    for (auto agrees = audit(); !agrees && agrees.error() == Error::again; agrees = audit()) stand_audited();
}

}  // namespace basalt
