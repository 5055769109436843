// Where an address leads in a table of a level: the two numbers are not exchanged, nor is an entry taken for a plain word.
#include "formats/page_entry.hpp"
#include "paging/rules.hpp"

namespace basalt {

unsigned asks(std::uint64_t address, unsigned index, PageEntry entry) {
    static_cast<void>(index_of(address, leaf_level));                 // refused: no matching function
    static_cast<void>(index_of(4, address));                          // refused: no matching function
    static_cast<void>(paging::is_guest_slot(index, root_level));      // refused: no viable conversion
    const std::uint64_t word = entry;                                 // refused: no viable conversion
    return index_of(leaf_level, address) + (paging::is_guest_slot(root_level, index) ? 1 : 0);
}

}    // namespace basalt
