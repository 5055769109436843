// What a machine check says, and what follows (SDM 3B 15.3 and 15.6, APM 2 9.3).
#pragma once

#include <cstdint>
#include <span>

namespace basalt {

// IA32_MCi_STATUS.
struct BankStatus {
    std::uint64_t word = 0;

    constexpr bool valid() const { return has(63); }
    constexpr bool another_was_lost() const { return has(62); }
    constexpr bool uncorrected() const { return has(61); }
    constexpr bool has_misc() const { return has(59); }
    constexpr bool has_address() const { return has(58); }
    constexpr bool context_corrupt() const { return has(57); }
    constexpr bool action_required() const { return has(55); }   // AMD: what was interrupted is corrupt, which is the same

private:
    constexpr bool has(unsigned bit) const { return (word >> bit & 1) != 0; }
};

// What was interrupted, and how well the processor knows.
struct Interruption {
    bool may_go_on = true;      // IA32_MCG_STATUS.RIPV: it can be returned to
    bool is_about_it = false;   // .EIPV: and the error has to do with it
    bool of_guest = false;
    bool knows_whom = true;     // of each error whether anybody has to act: MCG_CAP.SER_P, AMD's scalable MCA
};

enum class Consequence : std::uint8_t { none, ends_guest, ends_machine };

// As stock Xen decides, but that an error in what a guest used ends the guest, where Xen may hand it the error first.
constexpr Consequence consequence(BankStatus bank, const Interruption& of) {
    if (!bank.valid() || !bank.uncorrected()) return Consequence::none;
    if (bank.context_corrupt() || !of.knows_whom) return Consequence::ends_machine;
    if (!bank.action_required()) return Consequence::none;
    return of.of_guest && !bank.another_was_lost() ? Consequence::ends_guest : Consequence::ends_machine;
}

constexpr Consequence consequence(std::span<const BankStatus> banks, const Interruption& of) {
    auto worst = Consequence::none;
    if (!of.may_go_on) worst = of.of_guest && of.is_about_it ? Consequence::ends_guest : Consequence::ends_machine;
    for (const BankStatus bank : banks)
        if (const auto this_one = consequence(bank, of); this_one > worst) worst = this_one;
    return worst;
}

}  // namespace basalt
