// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Descriptor tables of the guest: what may be in them, and that it works.
#include "kit/case.hpp"
#include "kit/descriptor_tables.hpp"
#include "kit/paging.hpp"

namespace kit {
namespace {

// Flat or with a base, privilege 3 and 0, made as the processor's manual draws them.
constexpr std::uint64_t data_segment(std::uint32_t base, unsigned privilege = 3) {
    return 0x00c0'9200'0000'ffffull | std::uint64_t{privilege} << 45 | (base & 0xffffffull) << 16 |
           (base & 0xff000000ull) << 32 | 0xfull << 48;
}
constexpr std::uint64_t code_segment(unsigned privilege) {
    return 0x00af'9a00'0000'ffffull | std::uint64_t{privilege} << 45;
}
constexpr std::uint64_t small_segment = data_segment(0) & ~(1ull << 55) & ~(0xfull << 48);    // limit 0xffff, bytes

struct Limit { bool there; std::uint32_t limit; };
Limit limit_of(std::uint32_t selector) {
    Limit answer{};
    asm volatile("lsl %2, %1" : "=@ccz"(answer.there), "=r"(answer.limit) : "r"(selector));
    return answer;
}

constexpr auto table = std::to_array<Case>({
    {"set_gdt", "its descriptors work", [] {
        Page& page = descriptor_page({small_segment});
        expect_equal(use_gdt(page), 0);
        expect(limit_of(8 | 3).there);
        expect_equal(limit_of(8 | 3).limit, 0xffff);
        expect(!fault_of([] { asm volatile("mov %0, %%es" ::"r"(8 | 3)); }));
        expect_fault(fault_of([] { asm volatile("mov %0, %%es" ::"r"(16 | 3)); }), 13, 16);
        asm volatile("mov %0, %%es" ::"r"(0));
    }},
    {"set_gdt", "a segment's base counts for FS", [] {
        Page& page = fresh_page();
        page.words[0] = 4711;
        // Only 32 bits of base fit: the word is reached with an offset that leads into the image.
        Page& gdt = descriptor_page({data_segment(0x12340000)});
        expect_equal(use_gdt(gdt), 0);
        std::uint64_t value = 0;
        asm volatile("mov %2, %%fs; mov %%fs:(%1), %0; mov %3, %%fs"
                     : "=&r"(value) : "r"(page.address() - 0x12340000), "r"(8 | 3), "r"(0));
        expect_equal(value, 4711);
    }},
    {"set_gdt", "a page that is writable somewhere is refused", [] {
        Page& page = fresh_page();
        page.words[1] = small_segment;
        expect_equal(use_gdt(page), -XEN_EINVAL);
    }},
    {"set_gdt", "its frame cannot be mapped writable while in use", [] {
        Page& page = descriptor_page({small_segment});
        expect_equal(use_gdt(page), 0);
        expect_equal(make_writable(page), -XEN_EBUSY);
        expect_equal(use_gdt(descriptor_page({small_segment})), 0);
        expect_equal(make_writable(page), 0);
    }},
    {"set_gdt", "a descriptor of privilege 0 is raised to 3", [] {
        Page& page = descriptor_page({code_segment(0)});
        expect_equal(use_gdt(page), 0);
        expect_equal(page.words[1], code_segment(3));
    }},
    {"set_gdt", "refuses a descriptor of the system", [] {
        expect_equal(use_gdt(descriptor_page({0x0000'8b00'0000'0067})), -XEN_EINVAL);      // TSS
    }},
    {"set_gdt", "takes as many entries as there may be, though in one frame", [] {
        Page& page = descriptor_page({small_segment});
        unsigned long frames[FIRST_RESERVED_GDT_PAGE] = {};
        for (auto& frame : frames) frame = page.mfn();
        expect_equal(set_gdt(frames, FIRST_RESERVED_GDT_ENTRY), 0);
        const std::uint32_t last = (FIRST_RESERVED_GDT_ENTRY - 511) * 8 | 3;    // the second one of the last page
        expect(limit_of(last).there);
        expect_equal(set_gdt(frames, 0), 0);
    }},
    {"set_gdt", "refuses too many entries, frames that are not ours, bad lists", [] {
        Page& page = descriptor_page({small_segment});
        unsigned long frames[16] = {};
        for (auto& frame : frames) frame = page.mfn();
        expect_equal(set_gdt(frames, FIRST_RESERVED_GDT_ENTRY + 1), -XEN_EINVAL);
        frames[0] = 0xffffffffff;
        expect_equal(set_gdt(frames, 512), -XEN_EINVAL);
        expect_equal(set_gdt(nowhere, 512), -XEN_EFAULT);
        expect_equal(set_gdt(frames, 0), 0);
    }},
    {"update_descriptor", "writes a descriptor that works at once", [] {
        Page& page = descriptor_page({0});
        expect_equal(use_gdt(page), 0);
        expect(!limit_of(24 | 3).there);
        expect_equal(update_descriptor(page.machine() + 24, small_segment), 0);
        expect(limit_of(24 | 3).there);
        expect_equal(update_descriptor(page.machine() + 24, 0), 0);
        expect(!limit_of(24 | 3).there);
    }},
    {"update_descriptor", "refuses descriptors of the system", [] {
        Page& page = descriptor_page({0});
        expect_equal(use_gdt(page), 0);
        expect_equal(update_descriptor(page.machine() + 8, 0x0000'8b00'0000'0067), -XEN_EINVAL);      // TSS
        expect_equal(update_descriptor(page.machine() + 8, 0x0000'8200'0000'0067), -XEN_EINVAL);      // LDT
        expect_equal(page.words[1], 0);
    }},
    {"update_descriptor", "any privilege below 3 becomes what the guest runs at", [] {
        Page& page = descriptor_page({0});
        expect_equal(use_gdt(page), 0);
        expect_equal(update_descriptor(page.machine() + 8, data_segment(0, 1)), 0);
        expect_equal(page.words[1], data_segment(0, 3));
        expect_equal(update_descriptor(page.machine() + 8, code_segment(0)), 0);
        expect_equal(page.words[1], code_segment(3));
    }},
    {"update_descriptor", "leaves a 32-bit segment and absent descriptors as they are", [] {
        Page& page = descriptor_page({0});
        expect_equal(use_gdt(page), 0);
        for (std::uint64_t descriptor : {0x00cf'fa00'0000'ffffull, 0x00cf'7a00'0000'ffffull, 0x0000'6c00'e033'0000ull}) {
            expect_equal(update_descriptor(page.machine() + 8, descriptor), 0);
            expect_equal(page.words[1], descriptor);
        }
    }},
    {"update_descriptor", "refuses bad places", [] {
        Page& page = descriptor_page({0});
        expect_equal(use_gdt(page), 0);
        expect_equal(update_descriptor(page.machine() + 4, small_segment), -XEN_EINVAL);
        expect_equal(update_descriptor(root_mfn() * page_size + 8, small_segment), -XEN_EINVAL);
        expect_equal(update_descriptor(0xffffffffff000, small_segment), -XEN_EINVAL);
        Page& plain = fresh_page();
        expect_equal(update_descriptor(plain.machine() + 8, small_segment), 0);      // no table yet: a plain write
        expect_equal(plain.words[1], small_segment);
    }},
    {"mmuext_op.set_ldt", "its descriptors work, and no longer when it is taken away", [] {
        Page& page = descriptor_page({small_segment});
        expect_equal(set_ldt(page.address(), 512), 0);
        expect(!fault_of([] { asm volatile("mov %0, %%es" ::"r"(8 | 4 | 3)); }));
        asm volatile("mov %0, %%es" ::"r"(0));
        expect_equal(make_writable(page), -XEN_EBUSY);
        expect_equal(set_ldt(0, 0), 0);
        expect_fault(fault_of([] { asm volatile("mov %0, %%es" ::"r"(8 | 4 | 3)); }), 13, 8 | 4);
        expect_equal(make_writable(page), 0);
    }},
    {"mmuext_op.set_ldt", "a table that cannot be one is a fault of its first use", [] {
        Page& writable_page = fresh_page();
        writable_page.words[1] = small_segment;
        expect_equal(set_ldt(writable_page.address(), 512), 0);
        const auto fault = fault_of([] { asm volatile("mov %0, %%es" ::"r"(8 | 4 | 3)); });
        if (expect_fault(fault, 14)) expect_equal(fault->address, writable_page.address() + 8);
        expect_equal(set_ldt(0, 0), 0);
    }},
    {in_words("selectors"), "of the hypervisor cannot be loaded", [] {
        for (std::uint32_t selector : {0xe008u, 0xe010u, 0xe040u})
            expect(fault_of([&] { asm volatile("mov %0, %%es" ::"r"(selector | 3)); }).has_value());
    }},
    {in_words("selectors"), "a null selector is fine", [] {
        expect(!fault_of([] { asm volatile("mov %0, %%es; mov %0, %%ds" ::"r"(0)); }));
    }},
});

}

constinit const std::span<const Case> cases = table;

}
