// Whose the console's input is: Dom0's, until Ctrl-A has come three times in a row, and so back and forth.
#pragma once

#include <cstdint>

namespace basalt {

class InputSwitch {
public:
    enum class Owner : std::uint8_t { dom0, basalt };
    Owner owner() const { return owner_; }

    // Gives `deliver` each letter that the owner now gets: signs that were no three, and the letter after them. True: the
    // input has just changed hands.
    template <typename Deliver>
    constexpr bool take(char letter, Deliver&& deliver) {
        if (letter == sign && ++signs_ == 3) {
            signs_ = 0;
            owner_ = owner_ == Owner::dom0 ? Owner::basalt : Owner::dom0;
            return true;
        }
        if (letter == sign) return false;
        for (; signs_ != 0; --signs_) deliver(sign);
        deliver(letter);
        return false;
    }

private:
    static constexpr char sign = 1;   // Ctrl-A
    Owner owner_ = Owner::dom0;
    std::uint8_t signs_ = 0;
};

}  // namespace basalt
