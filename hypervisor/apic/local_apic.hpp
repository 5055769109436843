// The local APIC of a guest's vcpu as a value: registers, priorities, timer. What a write asks of others is returned, not done.
//
//   A. A vector of the IRR reaches the ISR only if its class is above the TPR's and those of all that are in service; so there
//      is at most one in service of each class, and the highest is the one that ends next.
//   B. While software has not enabled the APIC every local entry is masked, and nothing is accepted or delivered.
//   C. One that is off (IA32_APIC_BASE) is as after reset, but for the TPR, which is CR8 too; no message reaches it.
//   D. The timer has at most one end ahead, of the kind that its mode allows.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "apic/destination.hpp"
#include "apic/local_timer.hpp"
#include "apic/registers.hpp"
#include "apic/vectors.hpp"
#include "core/number.hpp"
#include "core/result.hpp"

namespace basalt::apic {

enum class Trigger : std::uint8_t { edge, level };

// An interrupt that the guest has ended. IO-APICs hear of a level-triggered one, whose line may still be asserted.
struct Ended {
    std::uint8_t vector = 0;
    Trigger trigger = Trigger::edge;

    constexpr bool operator==(const Ended&) const = default;
};

// What a write asks of whoever made it. After any of them pending() may be another.
struct Effect {
    enum class Kind : std::uint8_t {
        nothing,
        ended,
        send,   // the command to those whom it addresses: accept() of each, lowest_priority() of all, or NMI, INIT, STARTUP
        timer,   // deadline() may be another
        address,   // address() is another
        enable,   // what is enabled, or the mode, or where it answers: deadline() and address() too
    };
    Kind kind = Kind::nothing;
    Ended ended;
    Command command;

    constexpr Effect() = default;
    constexpr explicit Effect(Kind what) : kind(what) {}
    constexpr explicit Effect(std::optional<Ended> what)
        : kind(what ? Kind::ended : Kind::nothing), ended(what.value_or(Ended{})) {}
    constexpr explicit Effect(Command what) : kind(Kind::send), command(what) {}
    constexpr bool operator==(const Effect&) const = default;
};
static_assert(sizeof(Effect) <= 16);   // travels in two registers

// All that there is of it. wrong_with() says what it may not be.
struct State {
    Vectors requested, in_service, level_triggered;   // IRR, ISR, TMR
    LocalTimer timer;
    std::uint64_t base = 0;
    std::array<std::uint32_t, entry::count> entries{};   // from the timer's on; without the mode of that
    std::uint32_t logical = 0, format = 0;   // as the registers show them
    std::uint32_t command_low = 0, command_high = 0;
    std::uint32_t spurious = 0;
    VcpuId vcpu;
    std::uint8_t task_priority = 0;
    std::uint8_t errors = 0, errors_shown = 0;   // since the guest last asked, and what it was told then

    constexpr bool is_on() const { return (base & base::enabled) != 0; }
    constexpr bool is_extended() const { return (base & base::extended) != 0; }
    constexpr bool is_software_enabled() const { return (spurious & spurious::enabled) != 0; }
    constexpr bool operator==(const State&) const = default;
};

// After reset, but for the base register.
State initial_state(VcpuId vcpu, std::uint64_t base);

struct Saved;

class LocalApic {
public:
    explicit LocalApic(VcpuId vcpu);   // as after reset
    void reset();
    void init();   // what INIT leaves: id, mode and base

    // Registers of the page where an xAPIC answers. An access that does not begin at one reads 0 and writes nothing. Here and
    // below `now` is looked at where depends_on_time() says so.
    std::optional<std::uint64_t> page() const;   // none: at no address
    std::uint32_t read(std::uint32_t offset, Now now) const;
    Effect write(std::uint32_t offset, std::uint32_t value, Now now);

    // first_msr to last_msr. What is refused (in another mode all of it) is #GP, and nothing has changed.
    Result<std::uint64_t> read_msr(std::uint32_t msr, Now now) const;
    Result<Effect> write_msr(std::uint32_t msr, std::uint64_t value, Now now);

    // IA32_APIC_BASE, with the transitions of SDM 11.12.5. Whether this guest's CPUID has the x2APIC is for the caller to ask.
    std::uint64_t base() const { return state_.base; }
    Result<Effect> set_base(std::uint64_t value);
    // IA32_TSC_DEADLINE.
    Tsc tsc_deadline(Now now) const;
    Effect set_tsc_deadline(Tsc deadline, Now now);

    bool is_enabled() const { return state_.is_on() && state_.is_software_enabled(); }
    bool is_extended() const { return state_.is_extended(); }
    Address address() const;
    // Whether the PIC's interrupts come through: LINT0 is for them, or there is no APIC in their way.
    bool passes_external() const;

    // An interrupt that was addressed to this one. False: nothing has come that was not there before.
    bool accept(std::uint8_t vector, Trigger trigger);
    // What the vcpu is to be interrupted by, and what it would be if its task priority were 0.
    std::optional<std::uint8_t> pending() const;
    std::optional<std::uint8_t> pending_but_for_task_priority() const;
    void deliver(std::uint8_t vector);   // one that was pending: it is in service now
    std::optional<Ended> end();   // EOI. None: nothing was in service

    std::uint8_t processor_priority() const;
    std::uint8_t task_priority() const { return state_.task_priority; }
    void set_task_priority(std::uint8_t priority) { state_.task_priority = priority; }
    // CR8 is the class of the TPR; the rest of that is kept while CR8 is not another.
    std::uint8_t cr8() const { return state_.task_priority >> 4; }
    void follow_cr8(std::uint8_t cr8) {
        if (cr8 != this->cr8()) state_.task_priority = static_cast<std::uint8_t>(cr8 << 4);
    }

    // When fire() is due. None while the timer's entry is masked, though it counts.
    Deadline deadline() const;
    bool fire(Now now);   // whether an interrupt has come of it

    // As records of Xen's ABI hold it, once the timer has fired that is due. One that cannot be an APIC's is invalid.
    Saved save(Now now);
    static Result<LocalApic> load(VcpuId vcpu, const Saved& saved, Now now);

    const State& state() const { return state_; }
    bool operator==(const LocalApic&) const = default;

private:
    explicit LocalApic(const State& state) : state_(state) {}

    std::uint32_t shown(Register which, Now now) const;
    Result<Effect> write_any_msr(std::uint32_t msr, std::uint64_t value, Now now);
    Effect set(Register which, std::uint32_t value, Now now);
    Effect set_spurious(std::uint32_t value, Now now);
    Effect set_entry(Register which, std::uint32_t value, Now now);
    Effect set_timer(Register which, std::uint32_t value, Now now);
    Effect send(std::uint32_t low);
    bool request(std::uint8_t vector, Trigger trigger);
    bool note_error(std::uint32_t error);
    std::uint32_t entry_of(Register which) const { return state_.entries[entry::index(which)]; }

    State state_;
};
static_assert(sizeof(LocalApic) <= 256);

// What EXTD leaves of the id: its cluster and its place there (SDM 11.12.10.2).
constexpr std::uint32_t extended_logical_id(std::uint32_t id) { return id >> 4 << 16 | 1u << (id & 0xf); }
constexpr std::uint32_t id_of(VcpuId vcpu) { return vcpu.raw * 2; }
static_assert(id_of(VcpuId(most_vcpus - 1)) < 0xff);

inline std::uint8_t LocalApic::processor_priority() const {
    const auto serving = state_.in_service.highest();
    const std::uint8_t floor = serving ? class_of(*serving) : 0;
    return class_of(state_.task_priority) >= floor ? state_.task_priority : floor;
}

inline std::optional<std::uint8_t> LocalApic::pending() const {
    const auto vector = state_.requested.highest();
    if (!vector || !is_enabled() || class_of(*vector) <= class_of(processor_priority())) return std::nullopt;
    return vector;
}

inline std::optional<Ended> LocalApic::end() {
    const auto vector = state_.in_service.highest();
    if (!vector) return std::nullopt;
    state_.in_service.remove(*vector);
    return Ended{*vector, state_.level_triggered.has(*vector) ? Trigger::level : Trigger::edge};
}

// Of all accesses the most frequent is EOI.
inline Result<Effect> LocalApic::write_msr(std::uint32_t msr, std::uint64_t value, Now now) {
    if (msr == msr_of(Register::end_of_interrupt) && is_extended() && value == 0) return Effect(end());
    return write_any_msr(msr, value, now);
}

}   // namespace basalt::apic
