// The one step of which every write to a checked table is made.
#pragma once

#include "paging/mmu.hpp"

namespace basalt::paging {

// The entry, if it is still `found`, becomes `wanted`. False: it is not; nothing has changed.
Step<bool> replace(TableHold& table, unsigned index, Entry found, Entry wanted, Parties parties,
                   Budget& budget);

}    // namespace basalt::paging
