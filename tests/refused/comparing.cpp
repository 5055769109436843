// Results are compared where they are of one type.
#include "core/result.hpp"

namespace basalt {

bool asks(Result<int> number, Result<long> wide, Result<> nothing) {
    if (number == wide) return true;       // refused: deleted operator
    if (wide != number) return true;       // refused: deleted operator
    if (nothing == number) return true;    // refused: deleted operator
    return number == number && nothing == nothing && wide == 1L;
}

}    // namespace basalt
