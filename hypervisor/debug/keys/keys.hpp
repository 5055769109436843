// What people may ask Basalt with one letter: at the console, or by `xl debug-keys`.
#pragma once

#include <string_view>

namespace basalt {

struct Key {
    char letter;
    std::string_view effect;
    void (*act)();
};

// Does what the key's row says. A letter without a row does nothing.
void press_key(char letter);

}  // namespace basalt
