// Numbers that the assembler needs, computed from the types themselves; the build turns this table into <offsets.h>.
// Nothing here is linked, so any room's layout may be included.
#include <cstddef>
#include <cstdint>

namespace {

struct Offset {
    char name[48];
    std::uint64_t value;
};

}  // namespace

[[gnu::used]] constexpr Offset offsets[] = {
    {"OFFSETS_ROW_BYTES", sizeof(Offset)},
};
