#include "core/assert.hpp"
#include "memory/frame_reference.hpp"

namespace basalt {

// Tests of rooms without page tables have none to undo.
void undo_later(Mfn) { ASSERT(!"a table in a test without paging"); }

}    // namespace basalt
