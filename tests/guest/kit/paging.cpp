#include "paging.hpp"

#include "hypercall.hpp"

namespace kit {

unsigned index_at(std::uint64_t address, unsigned level) { return address >> (3 + 9 * level) & 511; }

std::uint64_t root_mfn() { return mfn_of(reinterpret_cast<const void*>(start->pt_base)); }

void copy_root(Page& to) {
    const Page& now = page_of(root_mfn());
    for (unsigned index = 0; index < 512; ++index) to.words[index] = index < 256 || index > 271 ? now.words[index] : 0;
    make_read_only(to);
}

Slot slot_of(std::uint64_t address, unsigned level) {
    Slot slot{root_mfn(), index_at(address, 4)};
    for (unsigned below = 3; below >= level; --below) slot = {mfn_in(slot.value()), index_at(address, below)};
    return slot;
}
Slot slot_of(const volatile void* address, unsigned level) { return slot_of(reinterpret_cast<std::uint64_t>(address), level); }

Slot free_slot(unsigned level) {
    if (level == 4) return {root_mfn(), 1};
    return {slot_of(image_base, level).table_mfn, level == 3 ? 7u : 200u};
}

std::int64_t remap(const Page& page, std::uint64_t flags) {
    return update_va_mapping(&page, entry(page.mfn(), flags), UVMF_INVLPG);
}
std::int64_t make_read_only(const Page& page) { return remap(page, read_only_page); }
std::int64_t make_writable(const Page& page) { return remap(page, kernel_page); }

Page& fresh_table() { return table_of(0); }

Page& table_of(std::uint64_t first_entry) {
    Page& page = fresh_page();
    page.words[0] = first_entry;
    make_read_only(page);
    return page;
}

}
