#include "large_root.hpp"

#include "hypercall.hpp"
#include "paging.hpp"
#include "reservation.hpp"

#include <array>

namespace kit {

namespace {

struct Pages {
    std::span<Page> level1 = fresh_pages(LargeRoot::tables);
    std::span<Page> lent = fresh_pages(LargeRoot::samples);
    Page &level2 = fresh_page(), &level3 = fresh_page(), &root = fresh_page(), &named = fresh_page();
};
Pages& pages() {
    static Pages all;
    return all;
}

std::array<xen_pfn_t, LargeRoot::samples> frames;

constexpr unsigned distance = LargeRoot::tables / LargeRoot::samples;
constexpr std::uint64_t kernel_only = present | accessed;       // which no table that is checked has

std::uint64_t own_pages() {
    domid_t self = DOMID_SELF;
    return static_cast<std::uint64_t>(bare_hypercall(__HYPERVISOR_memory_op, XENMEM_current_reservation, &self));
}

}

Page& LargeRoot::sample(unsigned number) { return pages().level1[number * distance]; }

void LargeRoot::fill(unsigned table) {
    Page& level1 = pages().level1[table];
    make_writable(level1);
    level1.words.fill(entry(pages().named.mfn(), read_only_page));
    if (table % distance == 0) {
        level1.words[0] = entry(pages().lent[table / distance].mfn(), read_only_page);
        level1.words[1] = entry(pages().named.mfn(), kernel_only);
    }
    make_read_only(level1);
    pages().level2.words[table] = entry(level1.mfn(), table_entry);
}

void LargeRoot::build() {
    root_ = &pages().root;
    for (Page* table : {root_, &pages().level3, &pages().level2}) make_writable(*table);
    for (unsigned table = 0; table < tables; ++table) fill(table);
    pages().level3.words[0] = entry(pages().level2.mfn(), table_entry);
    for (Page* table : {&pages().level2, &pages().level3}) make_read_only(*table);
    copy_root(*root_);
    make_writable(*root_);
    root_->words[1] = entry(pages().level3.mfn(), table_entry);
    make_read_only(*root_);
}

std::uint64_t LargeRoot::checked() const {
    std::uint64_t count = 0;
    for (unsigned number = 0; number < samples; ++number)
        count += (*const_cast<const volatile std::uint64_t*>(&sample(number).words[1]) & user) != 0;
    return count;
}

void LargeRoot::give_frames_back() {
    for (unsigned number = 0; number < samples; ++number) frames[number] = unmapped(pages().lent[number]);
    pages_before_ = own_pages();
    expect_equal(reservation(XENMEM_decrease_reservation, frames), samples);
}

std::uint64_t LargeRoot::gone() const { return pages_before_ - own_pages(); }

void LargeRoot::take_new_frames() {
    for (unsigned number = 0; number < samples; ++number) frames[number] = pfn_of(&pages().lent[number]);
    expect_equal(reservation(XENMEM_populate_physmap, frames), samples);
    for (unsigned number = 0; number < samples; ++number) attach(pages().lent[number], frames[number]);
}

}
