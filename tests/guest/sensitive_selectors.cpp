// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// What selectors tell in the guest's kernel and in its user mode: LAR, LSL, VERR and VERW over all of them.
#include "kit/case.hpp"
#include "kit/descriptor_tables.hpp"
#include "kit/modes.hpp"
#include "kit/paging.hpp"

#include <algorithm>

namespace kit {
namespace {

constexpr unsigned page_fault = 14;

// What LAR, LSL, VERR and VERW say of one selector. Those of which all four say no are left out.
enum Said : std::uint32_t { has_rights = 1, has_limit = 2, readable = 4, writable_too = 8 };
struct Answer {
    std::uint16_t selector;
    std::uint16_t said;
    std::uint32_t rights, limit;
    bool operator==(const Answer&) const = default;
};
struct Scan {
    std::uint32_t from = 0, count = 0;
    std::array<Answer, 128> answers{};
};

// SDM 2A, LAR: what it gives in the place of the limit's four bits is undefined.
constexpr std::uint32_t defined_rights = 0x00f0ff00;

[[gnu::section(".user")]] void scan(Scan& scan) {
    for (; scan.from < 0x10000; ++scan.from) {
        std::uint32_t rights = 0, limit = 0;
        bool has[4];
        asm volatile("lar %2, %1" : "=@ccz"(has[0]), "+r"(rights) : "r"(scan.from));
        asm volatile("lsl %2, %1" : "=@ccz"(has[1]), "+r"(limit) : "r"(scan.from));
        asm volatile("verr %w1" : "=@ccz"(has[2]) : "r"(scan.from));
        asm volatile("verw %w1" : "=@ccz"(has[3]) : "r"(scan.from));
        const std::uint32_t said = has[0] * has_rights | has[1] * has_limit | has[2] * readable | has[3] * writable_too;
        if (said == 0) continue;
        Answer* const at = reinterpret_cast<Answer*>(&scan.answers) + scan.count++ % 128;
        *at = {static_cast<std::uint16_t>(scan.from), static_cast<std::uint16_t>(said), rights & defined_rights, limit};
    }
}

constexpr std::uint32_t all = ~0u;
constexpr unsigned all_privileges = 4;
// Of every guest (FLAT_RING3_*): 32-bit code, data, 64-bit code.
constexpr auto flat = std::to_array<Answer>({
    {0xe020, has_rights | has_limit | readable, 0xc0fb00, all},
    {0xe028, has_rights | has_limit | readable | writable_too, 0xc0f300, all},
    {0xe030, has_rights | has_limit | readable, 0xa0fb00, all},
});

// All four privileges of a selector get the same answer, as everything that gets one has privilege 3.
void says(const Scan& scan, std::span<const Answer> expected, Mode mode) {
    for (unsigned i = 0; i < std::min(std::size_t{scan.count}, expected.size() * all_privileges); ++i) {
        Answer wanted = expected[i / all_privileges];
        wanted.selector = static_cast<std::uint16_t>(wanted.selector | i % all_privileges);
        const Answer& got = scan.answers[i];
        if (got == wanted) continue;
        Line line;
        line << name_of(mode) << ": ";
        line.hex(got.selector) << " says ";
        line.hex(got.said) << " rights ";
        line.hex(got.rights) << " limit ";
        return fail(line.hex(got.limit));
    }
    expect_equal(scan.count, expected.size() * all_privileges);
}
void all_say(std::span<const Answer> expected) {
    for (const Mode mode : both_modes) {
        static Scan found;
        found = {};
        if (const auto ended = call_in(mode, scan, found))
            return fail(Line{} << name_of(mode) << ": vector " << ended->vector << " at selector " << found.from);
        says(found, expected, mode);
    }
}

// Descriptors as the processor's manual draws them (SDM 3A 3.4.5), and what is said of them.
struct Own { std::uint64_t descriptor; std::uint16_t said; std::uint32_t rights, limit; };
constexpr auto own = std::to_array<Own>({
    {0x00cf'f200'0000'ffff, has_rights | has_limit | readable | writable_too, 0xc0f200, all},        // data
    {0x0000'f200'0000'1234, has_rights | has_limit | readable | writable_too, 0x00f200, 0x1234},     // small
    {0x00cf'f000'0000'ffff, has_rights | has_limit | readable, 0xc0f000, all},                       // read-only
    {0x00cf'9200'0000'ffff, has_rights | has_limit | readable | writable_too, 0xc0f200, all},        // made privilege 3
    {0x0040'f600'0000'0fff, has_rights | has_limit | readable | writable_too, 0x40f600, 0xfff},      // expand-down
    {0x00af'fa00'0000'ffff, has_rights | has_limit | readable, 0xa0fa00, all},                       // 64-bit code
    {0x00af'f800'0000'ffff, has_rights | has_limit, 0xa0f800, all},                                  // only to execute
    {0x00cf'fe00'0000'ffff, has_rights | has_limit | readable, 0xc0fe00, all},                       // conforming
    {0x00cf'7200'0000'ffff, has_rights | has_limit | readable | writable_too, 0xc07200, all},        // absent data
    {0x0000'ec00'e033'0000, 0, 0, 0},                                                                // call gate: closed
    {0x0000'8000'0000'ffff, 0, 0, 0},                                                                // reserved
    {0, 0, 0, 0},
});
constexpr unsigned first_own = 3, in_ldt = 4;

Page& own_table() {
    Page& page = fresh_page();
    for (unsigned i = 0; i < own.size(); ++i) page.words[first_own + i] = own[i].descriptor;
    make_read_only(page);
    return page;
}
struct Answers {
    std::array<Answer, own.size() + flat.size()> list{};
    std::size_t count = 0;
    void add(const Answer& answer) { list[count++] = answer; }
    std::span<const Answer> all() const { return std::span(list).first(count); }
};
Answers and_own(unsigned table_bit) {
    Answers answers;
    for (unsigned i = 0; i < own.size(); ++i)
        if (const auto& [descriptor, said, rights, limit] = own[i]; said != 0)
            answers.add({static_cast<std::uint16_t>((first_own + i) * 8 | table_bit), said, rights, limit});
    for (const Answer& answer : flat) answers.add(answer);
    return answers;
}

constexpr auto table = std::to_array<Case>({
    {in_words("lar, lsl, verr, verw"), "of all selectors know the three flat segments, from the start", [] { all_say(flat); }},
    {in_words("lar, lsl, verr, verw"), "know a GDT's descriptors as they were set, and nothing of the hypervisor's", [] {
        expect_equal(use_gdt(own_table()), 0);
        all_say(and_own(0).all());
    }},
    {in_words("lar, lsl, verr, verw"), "forget a GDT that is taken away", [] {
        expect_equal(use_gdt(own_table()), 0);
        expect_equal(set_gdt(nullptr, 0), 0);
        all_say(flat);
    }},
    {in_words("lar, lsl, verr, verw"), "know an LDT's descriptors, and forget them", [] {
        const Page& page = own_table();
        expect_equal(set_ldt(page.address(), first_own + own.size()), 0);
        all_say(and_own(in_ldt).all());
        expect_equal(set_ldt(0, 0), 0);
        all_say(flat);
    }},
    {in_words("lar, lsl, verr, verw"), "of an LDT that cannot be one fault, as the kernel's own access to it would", [] {
        Page& writable_page = fresh_page();
        expect_equal(set_ldt(writable_page.address(), 512), 0);
        for (const Mode mode : both_modes) {
            static Scan found;
            found = {};
            const auto ended = call_in(mode, scan, found);
            if (!expect(ended.has_value())) continue;
            expect_equal(ended->vector, page_fault);
            expect_equal(found.from, in_ldt);
            expect_equal(vcpu_info().arch.cr2, writable_page.address());
            expect_equal(ended->error, mode == Mode::user ? 4 : 0);
        }
        expect_equal(set_ldt(0, 0), 0);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
