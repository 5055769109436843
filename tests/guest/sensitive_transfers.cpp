// RUN: %boot-guest --no-smap | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Far JMP, CALL and RET, and IRET, from the guest's kernel and from its user mode, through each kind of selector.
// Without SMAP: QEMU 7.2's TCG reads the stack of a far return as the supervisor, whatever the privilege.
#include "kit/case.hpp"
#include "kit/descriptor_tables.hpp"
#include "kit/modes.hpp"
#include "kit/paging.hpp"

asm(R"(
        .section .user, "ax"
far_jump:       ljmpl   *(%rdi)                 # REX.W is not for all processors: 32 bits of offset
far_call:       lcalll  *(%rdi)
far_return:     pushq   8(%rdi)
                pushq   (%rdi)
far_return_at:  lretq
iret:           mov     %rsp, %rax
                pushq   16(%rdi)
                push    %rax
                pushf
                pushq   8(%rdi)
                pushq   (%rdi)
iret_at:        iretq
landed:         ud2
        .previous
)");
extern "C" std::byte far_jump[], far_call[], far_return[], far_return_at[], iret[], iret_at[], landed[];

namespace kit {
namespace {

constexpr unsigned invalid_opcode = 6, no_segment = 11, general_protection = 13;

struct Transfer {
    std::string_view name;
    const std::byte* code;
    const std::byte* faulting;     // the instruction itself
    bool short_offset;
};
constexpr auto transfers = std::to_array<Transfer>({
    {"far jmp", far_jump, far_jump, true},
    {"far call", far_call, far_call, true},
    {"far ret", far_return, far_return_at, false},
    {"iret", iret, iret_at, false},
});
constexpr std::span returns = std::span(transfers).last(2);

std::uint64_t place_of(Mode mode, const std::byte* code) {
    return mode == Mode::user ? in_user(code) : reinterpret_cast<std::uint64_t>(code);
}

// Goes to `landed` through the selector; the frame of what stopped it there, or on the way.
Frame go(Mode mode, const Transfer& transfer, unsigned selector, unsigned stack_selector = FLAT_USER_SS) {
    auto& words = user_data_page().words;
    const std::uint64_t to = place_of(mode, landed);
    words[0] = transfer.short_offset ? (to & 0xffffffff) | std::uint64_t{selector} << 32 : to;
    words[1] = selector;
    words[2] = stack_selector;
    if (mode == Mode::user) return call_as_user(transfer.code).value_or(Frame{});
    const auto fault = fault_of([&] {
        asm volatile("call *%0" ::"r"(transfer.code), "D"(&user_data_page()) : "rax", "memory");
    });
    return fault ? fault->frame : Frame{};
}

void faults(Mode mode, const Transfer& transfer, unsigned selector, unsigned vector, unsigned error, const Frame& frame,
            Location where = Location::current()) {
    if (frame.vector == vector && frame.error == error && frame.rip == place_of(mode, transfer.faulting)) return;
    Line line;
    line << transfer.name << " of the " << name_of(mode) << " through ";
    line.hex(selector) << ": vector " << frame.vector << " error ";
    fail(line.hex(frame.error), where);
}
void each_faults(unsigned selector, unsigned vector, Location where = Location::current()) {
    for (const Mode mode : both_modes)
        for (const Transfer& transfer : transfers)
            faults(mode, transfer, selector, vector, selector & 0xfffc, go(mode, transfer, selector), where);
}

void lands(Mode mode, const Transfer& transfer, unsigned selector) {
    const Frame frame = go(mode, transfer, selector);
    // A kernel's frame has a CS of privilege 0, whatever the processor has.
    const unsigned shown = mode == Mode::user ? selector | 3 : selector & ~3u;
    if (frame.vector == invalid_opcode && frame.rip == place_of(mode, landed) && frame.cs == shown) return;
    Line line;
    line << transfer.name << " of the " << name_of(mode) << " through ";
    line.hex(selector) << ": vector " << frame.vector << " error ";
    line.hex(frame.error) << " cs ";
    fail(line.hex(frame.cs));
}

// What is tried of the guest's own: 8 code, 0x10 code that is not present, 0x18 data, 0x20 a place for gates.
constexpr unsigned own_code = 8, own_absent = 0x10, own_data = 0x18, own_gate = 0x20, in_ldt = 4;
Page& own_gdt() {
    Page& page = descriptor_page({0x00af'fa00'0000'ffff, 0x00af'7a00'0000'ffff, 0x00cf'f200'0000'ffff});
    expect_equal(use_gdt(page), 0);
    return page;
}
constexpr std::uint64_t call_gate(unsigned selector, unsigned privilege, unsigned low_byte = 0) {
    return 0x8c00'0000'0000 | std::uint64_t{privilege} << 45 | std::uint64_t{low_byte} << 32 |
           std::uint64_t{selector} << 16;
}

constexpr auto table = std::to_array<Case>({
    {in_words("far transfers"), "through a null selector are #GP", [] {
        for (const unsigned selector : {0u, 3u}) {
            for (const Mode mode : both_modes)
                for (const Transfer& transfer : transfers)
                    faults(mode, transfer, selector, general_protection, 0, go(mode, transfer, selector));
        }
    }},
    {in_words("far transfers"), "through the hypervisor's selectors are #GP: code, data, task, LDT, and empty ones", [] {
        for (const unsigned selector : {0xe008u, 0xe010u, 0xe018u, 0xe040u, 0xe048u, 0xe050u, 0xe058u, 0xe060u, 0xeff8u})
            for (const unsigned privilege : {0u, 3u}) each_faults(selector | privilege, general_protection);
    }},
    {in_words("far transfers"), "beyond the table, into pages that are not set, and into no LDT are #GP", [] {
        expect_equal(set_gdt(nullptr, 0), 0);
        for (const unsigned selector : {0x8u, 0x1000u, 0xdff8u, 0xf000u, 0xfff8u, 0x4u, 0xcu, 0xfffcu})
            for (const unsigned privilege : {0u, 3u}) each_faults(selector | privilege, general_protection);
    }},
    {in_words("far transfers"), "through data are #GP", [] {
        own_gdt();
        for (const unsigned selector : {unsigned{FLAT_RING3_DS32}, own_data | 3})
            each_faults(selector, general_protection);
    }},
    {in_words("far transfers"), "through an absent segment are #NP", [] {
        own_gdt();
        each_faults(own_absent | 3, no_segment);
    }},
    {in_words("far returns"), "to a higher privilege are #GP, also where the segment is the guest's", [] {
        own_gdt();
        for (const Mode mode : both_modes)
            for (const Transfer& transfer : returns)
                for (const unsigned selector : {own_code, own_absent, own_code | 1, own_code | 2})
                    faults(mode, transfer, selector, general_protection, selector & 0xfffc, go(mode, transfer, selector));
    }},
    {in_words("far transfers"), "through the flat code segment arrive", [] {
        for (const Transfer& transfer : transfers) lands(Mode::user, transfer, FLAT_RING3_CS64);
        for (const Transfer& transfer : returns) lands(Mode::kernel, transfer, FLAT_RING3_CS64);
    }},
    {in_words("far transfers"), "through code of the guest's GDT and LDT arrive; JMP and CALL raise the selector's privilege", [] {
        Page& gdt = own_gdt();
        expect_equal(set_ldt(gdt.address(), 5), 0);
        for (const unsigned selector : {own_code | 3, own_code | 3 | in_ldt}) {
            for (const Transfer& transfer : transfers) lands(Mode::user, transfer, selector);
            for (const Transfer& transfer : returns) lands(Mode::kernel, transfer, selector);
        }
        for (const Transfer& transfer : std::span(transfers).first(2)) lands(Mode::user, transfer, own_code);
        expect_equal(set_ldt(0, 0), 0);
    }},
    {in_words("far jmp"), "of the user through flat 32-bit code gets there", [] {
        const Frame frame = go(Mode::user, transfers[0], FLAT_RING3_CS32);
        expect_equal(frame.vector, invalid_opcode);
        expect_equal(frame.rip, in_user(landed));
        expect_equal(frame.cs, FLAT_RING3_CS32);
    }},
    {"iret", "takes no stack selector that is null, the hypervisor's, or code", [] {
        for (const Mode mode : both_modes)
            for (const unsigned selector : {0u, 3u, 0xe010u, 0xe013u, 0xe033u, 0xe040u})
                faults(mode, transfers[3], selector, general_protection, selector & 0xfffc,
                       go(mode, transfers[3], FLAT_RING3_CS64, selector));
    }},
    {"update_descriptor", "takes a call gate to the guest's own code, and closes it", [] {
        Page& gdt = own_gdt();
        for (const unsigned privilege : {0u, 1u, 3u})
            for (const unsigned selector : {own_code, own_code | 3, own_code | in_ldt, 0xdff8u,
                                            unsigned{FLAT_RING3_CS64}}) {
                expect_equal(update_descriptor(gdt.machine() + own_gate, call_gate(selector, privilege)), 0);
                expect_equal(gdt.words[own_gate / 8], call_gate(selector | 3, 0));
                each_faults(own_gate, general_protection);
                each_faults(own_gate | 3, general_protection);
            }
    }},
    {"update_descriptor", "refuses other gates, and call gates to what is not the guest's", [] {
        Page& gdt = own_gdt();
        for (const unsigned selector : {0xe008u, 0xe00bu, 0xe010u, 0xe023u, 0xe02bu, 0xe030u, 0xe031u, 0xe040u, 0xf003u})
            expect_equal(update_descriptor(gdt.machine() + own_gate, call_gate(selector, 3)), -XEN_EINVAL);
        for (const unsigned low_byte : {1u, 7u, 0x20u, 0x80u})
            expect_equal(update_descriptor(gdt.machine() + own_gate, call_gate(own_code, 3, low_byte)), -XEN_EINVAL);
        for (std::uint64_t type = 1; type < 16; ++type)
            if (type != 0xc)
                expect_equal(update_descriptor(gdt.machine() + own_gate, 0xe000'0008'0000 | type << 40), -XEN_EINVAL);
        expect_equal(gdt.words[own_gate / 8], 0);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
