// What a guest does with its local APIC, for the tests of room apic.
#pragma once

#include "apic/audit.hpp"
#include "apic/local_apic.hpp"

namespace basalt::apic::guest {

inline constexpr std::uint32_t spurious_and_enabled = spurious::enabled | 0xff;

constexpr Now at(std::uint64_t nanoseconds, std::uint64_t tsc = 0) { return {Time(nanoseconds), Tsc(tsc)}; }
inline constexpr Now start = at(0);

constexpr std::uint32_t offset(Register which, unsigned part = 0) {
    return static_cast<std::uint32_t>(which) + part * register_step;
}

inline Effect write(LocalApic& apic, Register which, std::uint32_t value, Now now = start) {
    return apic.is_extended() ? *apic.write_msr(msr_of(which), value, now) : apic.write(offset(which), value, now);
}
inline std::uint32_t read(const LocalApic& apic, Register which, Now now = start) {
    return apic.is_extended() ? static_cast<std::uint32_t>(*apic.read_msr(msr_of(which), now)) : apic.read(offset(which), now);
}

// As Linux makes them: enabled by the spurious vector's register.
inline LocalApic xapic(std::uint32_t vcpu = 0) {
    LocalApic apic{VcpuId(vcpu)};
    write(apic, Register::spurious, spurious_and_enabled);
    return apic;
}
inline LocalApic x2apic(std::uint32_t vcpu = 0) {
    LocalApic apic{VcpuId(vcpu)};
    static_cast<void>(apic.set_base(apic.base() | base::extended));
    write(apic, Register::spurious, spurious_and_enabled);
    return apic;
}

inline bool is_sound(const LocalApic& apic) { return !wrong_with(DomainId(1), apic.state()); }

}  // namespace basalt::apic::guest
