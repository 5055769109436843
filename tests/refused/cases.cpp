// A case of a test guest names a row of the hypercall table, or says that it is about no call.
#include "kit/case.hpp"

namespace kit {

constexpr Case of_call{"multicall", "is one", [] {}};
constexpr Case of_rows{"mmuext_op.pin", "are several", [] {}};
constexpr Case of_none{in_words("far returns"), "are no call", [] {}};

constexpr Case of_no_call{"multical", "is misspelt", [] {}};            // refused: call to consteval function
constexpr Case of_no_row{"mmuext_op.pinn", "is misspelt", [] {}};       // refused: call to consteval function
constexpr Case of_words{"far returns", "are none", [] {}};              // refused: call to consteval function

}
