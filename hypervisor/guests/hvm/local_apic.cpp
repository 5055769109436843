#include "guests/hvm/local_apic.hpp"

#include <algorithm>
#include <optional>

#include "abi/cpuid.hpp"
#include "devices/clock.hpp"
#include "domain/domain.hpp"
#include "domain/run.hpp"
#include "guests/hvm/start_up.hpp"
#include "guests/hvm/upcall.hpp"
#include "guests/policy/machine_policy.hpp"
#include "machine/instructions.hpp"

namespace basalt {

namespace {

void timer_is_due(Timer& timer) {
    HvmVcpu& vcpu = static_cast<HvmVcpu::LocalTimer&>(timer).owner;
    vcpu.messages.add_timer();
    hvm::make_look(vcpu);
}

}   // namespace

HvmVcpu::LocalTimer::LocalTimer(HvmVcpu& vcpu) : Timer(timer_is_due), owner(vcpu) {}

namespace hvm {
namespace {

using apic::Command;
using apic::Effect;
using apic::Register;

apic::Now now() { return {apic::Time(system_time().raw), apic::Tsc(read_tsc())}; }
apic::Now now_for(Register which) { return apic::depends_on_time(which) ? now() : apic::Now{}; }

// A guest may ask for a period of 10 ns. It hears of its timer no more often than this, and its CPU is not kept busy by it: as
// Xen does it.
constexpr Nanoseconds shortest_period = microseconds(100);

std::optional<Instant> instant_of(const apic::Deadline& deadline) {
    if (const auto* const time = std::get_if<apic::Time>(&deadline)) return Instant(time->raw);
    const auto* const tsc = std::get_if<apic::Tsc>(&deadline);
    if (tsc == nullptr) return std::nullopt;
    constexpr std::uint64_t looked_ahead = std::uint64_t{1} << 40;   // ticks: asked again then
    return system_time_at(std::min(tsc->raw, read_tsc() + looked_ahead));
}

void set_timer(HvmVcpu& vcpu) {
    const auto at = instant_of(vcpu.local_apic.deadline());
    if (!at) {
        if (vcpu.local_timer.armed()) timers().cancel(vcpu.local_timer);
        return;
    }
    const bool is_periodic = vcpu.local_apic.state().timer.mode == apic::TimerMode::periodic;
    timers().set(vcpu.local_timer, is_periodic ? std::max(*at, later(system_time(), shortest_period)) : *at);
}

// The address alone: whoever sends looks at no other vcpu's priorities. Where the lowest is asked for, all have the same.
struct Candidate {
    apic::Address at;
    bool is_enabled() const { return true; }
    apic::Address address() const { return at; }
    unsigned processor_priority() const { return 0; }
};

void send_to(HvmVcpu& to, const Command& command) {
    switch (command.mode) {
        case Command::Mode::nmi: return raise_nmi(to);
        case Command::Mode::init: to.messages.add_init(); break;
        case Command::Mode::start_up:
            to.messages.add_start_up(command.vector);
            if (to.awaits_start_up.load() || to.messages.has_init()) scheduler().release(to.unit, Hold::down);
            break;
        case Command::Mode::fixed:
        case Command::Mode::lowest_priority: to.messages.add_interrupt(command.vector); break;
    }
    make_look(to);
}

HvmVcpu& vcpu_at(Domain& domain, std::size_t index) { return of(*domain.vcpus()[index]); }

void send_to_one(HvmVcpu& from, const Command& command) {
    Domain& domain = from.domain;
    std::optional<Candidate> candidate;
    const auto apic_of = [&](unsigned index) -> const Candidate* {
        candidate = Candidate{vcpu_at(domain, index).apic_address.load(std::memory_order_relaxed)};
        return &*candidate;
    };
    const auto count = static_cast<unsigned>(domain.vcpus().size());
    const auto chosen = apic::lowest_priority(command.to, from.id.raw, count, from.id.raw, apic_of);
    if (chosen) send_to(vcpu_at(domain, *chosen), command);
}

void send(HvmVcpu& from, const Command& command) {
    if (command.mode == Command::Mode::lowest_priority) return send_to_one(from, command);
    for (Vcpu* const vcpu : from.domain.vcpus()) {
        HvmVcpu& to = of(*vcpu);
        const apic::Address address = to.apic_address.load(std::memory_order_relaxed);
        if (apic::is_addressed(address, command.to, &to == &from)) send_to(to, command);
    }
}

void carry_out(HvmVcpu& vcpu, const Effect& effect) {
    switch (effect.kind) {
        case Effect::Kind::nothing:
        case Effect::Kind::ended: return;   // no IO-APIC hears of it
        case Effect::Kind::send: return send(vcpu, effect.command);
        case Effect::Kind::timer: return set_timer(vcpu);
        case Effect::Kind::address: return follow_apic(vcpu);
        case Effect::Kind::enable: follow_apic(vcpu); return tell_again(vcpu);   // what came while it was off was not kept
    }
}

}   // namespace

void follow_apic(HvmVcpu& vcpu) {
    vcpu.apic_address.store(vcpu.local_apic.address(), std::memory_order_relaxed);
    set_timer(vcpu);
}

std::uint32_t read_apic_page(HvmVcpu& vcpu, std::uint32_t offset) {
    return vcpu.local_apic.read(offset, now_for(static_cast<Register>(offset)));
}

void write_apic_page(HvmVcpu& vcpu, std::uint32_t offset, std::uint32_t value) {
    carry_out(vcpu, vcpu.local_apic.write(offset, value, now_for(static_cast<Register>(offset))));
}

namespace {

bool is_offered(const HvmVcpu& vcpu, unsigned feature) { return policy::offers(policy::policy_of(vcpu.domain), feature); }

Result<Effect> set_base(HvmVcpu& vcpu, std::uint64_t value) {
    if ((value & apic::base::extended) != 0 && !is_offered(vcpu, XEN_X86_FEATURE_X2APIC)) return refuse(Error::invalid);
    return vcpu.local_apic.set_base(value);
}

}   // namespace

Result<std::uint64_t> read_apic_register(HvmVcpu& vcpu, std::uint32_t msr) {
    if (msr == apic::tsc_deadline_msr && !is_offered(vcpu, XEN_X86_FEATURE_TSC_DEADLINE)) return refuse(Error::invalid);
    if (msr == apic::base_msr) return vcpu.local_apic.base();
    if (msr == apic::tsc_deadline_msr) return vcpu.local_apic.tsc_deadline(now()).raw;
    return vcpu.local_apic.read_msr(msr, now_for(apic::register_of(msr)));
}

Result<> write_apic_register(HvmVcpu& vcpu, std::uint32_t msr, std::uint64_t value) {
    if (msr == apic::tsc_deadline_msr && !is_offered(vcpu, XEN_X86_FEATURE_TSC_DEADLINE)) return refuse(Error::invalid);
    if (msr == apic::base_msr)
        carry_out(vcpu, TRY(set_base(vcpu, value)));
    else if (msr == apic::tsc_deadline_msr)
        carry_out(vcpu, vcpu.local_apic.set_tsc_deadline(apic::Tsc(value), now()));
    else
        carry_out(vcpu, TRY(vcpu.local_apic.write_msr(msr, value, now_for(apic::register_of(msr)))));
    return {};
}

// A vcpu that runs here looks on its way back.
void make_look(HvmVcpu& vcpu) {
    if (scheduler().wake(vcpu.unit)) return;
    if (vcpu.unit.on_cpu() && vcpu.unit.cpu() != this_cpu().id) raise(vcpu.unit.cpu(), Work::events);
}

namespace {

void have_init(HvmVcpu& vcpu) {
    vcpu.local_apic.init();
    follow_apic(vcpu);
    vcpu.nmi_pending.store(false);
    vcpu.initialised = false;   // VCPUOP_up does not start it
    vcpu.awaits_start_up = true;
}

// Down until a start-up, which may have come while it went.
void wait_for_start_up(HvmVcpu& vcpu) {
    scheduler().hold(vcpu.unit, Hold::down);
    if (vcpu.messages.has_start_up()) scheduler().release(vcpu.unit, Hold::down);
}

}   // namespace

bool take_messages(HvmVcpu& vcpu) {
    if (vcpu.messages.any()) {
        const Messages::Taken taken = vcpu.messages.take();
        if (taken.init) have_init(vcpu);
        if (taken.start_up && vcpu.awaits_start_up) start_at_page(vcpu, taken.start_page);
        if (taken.timer) {
            static_cast<void>(vcpu.local_apic.fire(now()));
            set_timer(vcpu);
        }
        for_each_vector(taken.vectors,
                        [&](std::uint8_t vector) { static_cast<void>(vcpu.local_apic.accept(vector, apic::Trigger::edge)); });
    }
    if (vcpu.awaits_start_up) wait_for_start_up(vcpu);
    return !vcpu.awaits_start_up;
}

}   // namespace hvm
}   // namespace basalt
