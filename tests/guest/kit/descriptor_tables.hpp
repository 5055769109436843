// A GDT or LDT of one page. The calls want the frame's number, and no writable mapping of it.
#pragma once

#include "hypercall.hpp"
#include "paging.hpp"

#include <algorithm>
#include <initializer_list>

namespace kit {

// Its first entry is no descriptor.
inline Page& descriptor_page(std::initializer_list<std::uint64_t> descriptors) {
    Page& page = fresh_page();
    std::ranges::copy(descriptors, &page.words[1]);
    make_read_only(page);
    return page;
}

inline Status use_gdt(const Page& page, unsigned entries = 512) {
    unsigned long frame = page.mfn();
    return set_gdt(&frame, entries);
}

}
