// What guests ask for, each as one call of theirs.
#pragma once

#include <string_view>
#include <vector>

#include "world.hpp"

namespace basalt::interleaved {

struct Act {
    std::string_view name;
    void (*perform)(World&);
};
using Acts = std::vector<Act>;

namespace acts {

// Of the first domain, by its level-1 table's first entry.
extern const Act map_writable, map_read_only, map_other, unmap, protect_by_store, pin_page_as_level_2, use_as_level_1;
// By its second entry.
extern const Act map_again, unmap_again;
// And of what may become of `page`.
extern const Act pin_page, unpin_page, link_page, unlink_page, pin_tree, pin_half_a_tree, unpin_tree, write_page, clear_page,
    load_descriptors, exchange_page_in_vain, release_page;
extern const Act load_cr3;
// The CPU runs a vcpu of either domain from now on, or none.
extern const Act enter_1, enter_2, idle;
// The first domain has ended, and lets go of everything.
extern const Act end_1;
// Of the second, to which `page` may have gone.
extern const Act populate_2, map_2, map_foreign_2, unmap_2, pin_2, name_tables_2, pin_half_2;
// Of Basalt, to which `page` may have gone: for itself, or to be shared with the second domain; and back.
extern const Act keep_one, share_one_2;

}    // namespace acts
}    // namespace basalt::interleaved
