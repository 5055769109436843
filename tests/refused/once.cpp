// What start-up has found out once is read afterwards, and not changed.
#include "core/once.hpp"

namespace basalt {

struct Found {
    int clocks = 0;
};

void asks(Once<Found>& found, Once<Found>& other) {
    found.set({1});
    found->clocks = 2;                 // refused: a const value
    *found = Found();                  // refused: no viable overloaded '='
    found = other;                     // refused: deleted operator
    found.value_.clocks = 2;           // refused: private member
}

}    // namespace basalt
