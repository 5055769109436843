// Numbers of one kind are not taken for those of another, nor for plain ones.
#include "core/number.hpp"

namespace basalt {

void map(Mfn mfn);
void signal(Port port);

void asks(std::uint64_t plain, Pfn pfn, GrantRef reference) {
    map(Mfn(plain));
    map(plain);           // refused: no matching function
    map(pfn);             // refused: no matching function
    signal(reference);    // refused: no matching function
    plain = pfn;          // refused: assigning to
}

}    // namespace basalt
