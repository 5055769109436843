// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// MOV, PUSH and POP of segment registers in the guest's kernel and in its user mode: both have selectors of privilege 3,
// and neither gets at one of the hypervisor's.
#include "kit/case.hpp"
#include "kit/descriptor_tables.hpp"
#include "kit/modes.hpp"
#include "kit/paging.hpp"

namespace kit {
namespace {

constexpr unsigned invalid_opcode = 6, no_segment = 11, stack_fault = 12, general_protection = 13;

// Loads of segment registers. Each puts back what was there.
struct Load { std::uint64_t selector; };
[[gnu::section(".user")]] void mov_ds(Load& load) {
    asm volatile("mov %w0, %%ds; mov %w1, %%ds" ::"r"(load.selector), "r"(0));
}
[[gnu::section(".user")]] void mov_es(Load& load) {
    asm volatile("mov %w0, %%es; mov %w1, %%es" ::"r"(load.selector), "r"(0));
}
[[gnu::section(".user")]] void mov_fs(Load& load) {
    asm volatile("mov %w0, %%fs; mov %w1, %%fs" ::"r"(load.selector), "r"(0));
}
[[gnu::section(".user")]] void mov_gs(Load& load) {
    asm volatile("mov %w0, %%gs; mov %w1, %%gs" ::"r"(load.selector), "r"(0));
}
[[gnu::section(".user")]] void pop_fs(Load& load) {
    asm volatile("push %0; pop %%fs; mov %w1, %%fs" ::"r"(load.selector), "r"(0));
}
[[gnu::section(".user")]] void pop_gs(Load& load) {
    asm volatile("push %0; pop %%gs; mov %w1, %%gs" ::"r"(load.selector), "r"(0));
}
[[gnu::section(".user")]] void mov_ss(Load& load) {
    asm volatile("mov %w0, %%ss; mov %w1, %%ss" ::"r"(load.selector), "r"(FLAT_RING3_SS64));
}
[[gnu::section(".user")]] void lss(Load& load) {
    load.selector <<= 32;                       // a 32-bit offset comes first
    asm volatile("lssl %0, %%eax; mov %w1, %%ss" ::"m"(load.selector), "r"(FLAT_RING3_SS64) : "rax");
}
[[gnu::section(".user")]] void lfs(Load& load) {
    load.selector <<= 32;
    asm volatile("lfsl %0, %%eax; mov %w1, %%fs" ::"m"(load.selector), "r"(0) : "rax");
}
[[gnu::section(".user")]] void lgs(Load& load) {
    load.selector <<= 32;
    asm volatile("lgsl %0, %%eax; mov %w1, %%gs" ::"m"(load.selector), "r"(0) : "rax");
}
struct Loader { std::string_view name; void (*code)(Load&); };
constexpr auto data_loads = std::to_array<Loader>({{"mov ds", mov_ds}, {"mov es", mov_es}, {"mov fs", mov_fs},
                                                   {"mov gs", mov_gs}, {"pop fs", pop_fs}, {"pop gs", pop_gs},
                                                   {"lfs", lfs}, {"lgs", lgs}});
constexpr auto stack_loads = std::to_array<Loader>({{"mov ss", mov_ss}, {"lss", lss}});

constexpr unsigned no_fault = 256;
void each_load(std::span<const Loader> loads, unsigned selector, unsigned vector, unsigned error, Location where) {
    for (const Mode mode : both_modes)
        for (const Loader& loader : loads) {
            Load load{selector};
            const auto ended = call_in(mode, loader.code, load);
            if (ended ? ended->vector == vector && ended->error == error : vector == no_fault) continue;
            Line line;
            line << loader.name << " of the " << name_of(mode) << " with ";
            line.hex(selector) << ": vector " << (ended ? ended->vector : no_fault) << " error ";
            fail(line.hex(ended ? ended->error : 0), where);
        }
}
void data_load(unsigned selector, unsigned vector = no_fault, Location where = Location::current()) {
    each_load(data_loads, selector, vector, vector == no_fault ? 0 : selector & 0xfffc, where);
}
void stack_load(unsigned selector, unsigned vector = no_fault, Location where = Location::current()) {
    each_load(stack_loads, selector, vector, vector == no_fault ? 0 : selector & 0xfffc, where);
}

struct Shown { std::uint64_t cs, ss, ds, es, fs, gs, pushed_fs, pushed_gs; };
[[gnu::section(".user")]] void show(Shown& shown) {
    asm volatile("mov %%cs, %0; mov %%ss, %1" : "=r"(shown.cs), "=r"(shown.ss));
    asm volatile("mov %%ds, %0; mov %%es, %1" : "=r"(shown.ds), "=r"(shown.es));
    asm volatile("mov %2, %%fs; mov %2, %%gs; mov %%fs, %0; mov %%gs, %1"
                 : "=r"(shown.fs), "=r"(shown.gs) : "r"(FLAT_RING3_DS32));
    asm volatile("push %%fs; pop %0; push %%gs; pop %1" : "=r"(shown.pushed_fs), "=r"(shown.pushed_gs));
    asm volatile("mov %0, %%fs; mov %0, %%gs" ::"r"(0));
}

[[gnu::section(".user")]] void mov_cs(Load& load) { asm volatile(".byte 0x8e, 0xc8" ::"a"(load.selector)); }
[[gnu::section(".user")]] void push_cs(Load&) { asm volatile(".byte 0x0e"); }
[[gnu::section(".user")]] void push_ss(Load&) { asm volatile(".byte 0x16"); }
[[gnu::section(".user")]] void push_ds(Load&) { asm volatile(".byte 0x1e"); }
[[gnu::section(".user")]] void pop_ss(Load&) { asm volatile(".byte 0x17"); }
[[gnu::section(".user")]] void pop_ds(Load&) { asm volatile(".byte 0x1f"); }
constexpr auto gone = std::to_array<Loader>({{"mov cs", mov_cs}, {"push cs", push_cs}, {"push ss", push_ss},
                                             {"push ds", push_ds}, {"pop ss", pop_ss}, {"pop ds", pop_ds}});

// The guest's own: data, data only to read, code, code only to execute, absent data.
constexpr unsigned data = 0x8 | 3, read_only = 0x10 | 3, code = 0x18 | 3, only_execute = 0x20 | 3, absent = 0x28 | 3,
                   in_ldt = 4;
Page& own_table() {
    return descriptor_page({0x00cf'f200'0000'ffff, 0x00cf'f000'0000'ffff, 0x00af'fa00'0000'ffff, 0x00af'f800'0000'ffff,
                            0x00cf'7200'0000'ffff});
}

constexpr auto table = std::to_array<Case>({
    {in_words("mov and push of selectors"), "show what is in the processor: privilege 3 in the kernel too", [] {
        for (const Mode mode : both_modes) {
            Shown shown{};
            expect(!call_in(mode, show, shown));
            expect_equal(shown.cs, FLAT_RING3_CS64);
            expect_equal(shown.ss, FLAT_RING3_SS64);
            expect_equal(shown.ds | shown.es, 0);
            for (const auto selector : {shown.fs, shown.gs, shown.pushed_fs, shown.pushed_gs})
                expect_equal(selector & 0xffff, FLAT_RING3_DS32);
        }
    }},
    {in_words("loads of selectors"), "of the hypervisor are #GP with the selector", [] {
        for (const unsigned selector : {0xe008u, 0xe010u, 0xe018u, 0xe040u, 0xe048u, 0xe050u, 0xe058u, 0xe060u, 0xeff8u})
            for (const unsigned privilege : {0u, 3u}) {
                data_load(selector | privilege, general_protection);
                stack_load(selector | privilege, general_protection);
            }
    }},
    {in_words("loads of selectors"), "beyond the table, of pages that are not set and of no LDT are #GP with the selector", [] {
        for (const unsigned selector : {0x8u, 0x1000u, 0xdff8u, 0xf000u, 0xfff8u, 0x4u, 0xcu, 0xfffcu}) {
            data_load(selector | 3, general_protection);
            stack_load(selector | 3, general_protection);
        }
    }},
    {in_words("loads of selectors"), "that are null are fine for data, and #GP for the stack", [] {
        for (const unsigned selector : {0u, 1u, 2u, 3u}) {
            data_load(selector);
            stack_load(selector, general_protection);
        }
    }},
    {in_words("loads of selectors"), "of the flat segments work: data everywhere, code that can be read as data", [] {
        for (const unsigned selector : {unsigned{FLAT_RING3_DS32}, FLAT_RING3_DS32 & ~3u, unsigned{FLAT_RING3_CS64},
                                        unsigned{FLAT_RING3_CS32}})
            data_load(selector);
        stack_load(FLAT_RING3_SS64);
        for (const unsigned selector : {FLAT_RING3_SS64 & ~3u, unsigned{FLAT_RING3_CS64}, unsigned{FLAT_RING3_CS32}})
            stack_load(selector, general_protection);
    }},
    {in_words("loads of selectors"), "of the guest's own tables work as the processor's manual says", [] {
        expect_equal(use_gdt(own_table()), 0);
        expect_equal(set_ldt(own_table().address(), 6), 0);
        for (const unsigned table_bit : {0u, in_ldt}) {
            for (const unsigned selector : {data, read_only, code}) data_load(selector | table_bit);
            data_load(only_execute | table_bit, general_protection);
            data_load(absent | table_bit, no_segment);
            stack_load(data | table_bit);
            for (const unsigned selector : {read_only, code, only_execute, data & ~3u})
                stack_load(selector | table_bit, general_protection);
            stack_load(absent | table_bit, stack_fault);
        }
        expect_equal(set_ldt(0, 0), 0);
        expect_equal(set_gdt(nullptr, 0), 0);
    }},
    {in_words("mov cs; push and pop of cs, ss, ds"), "are #UD: 64-bit code has none", [] {
        for (const Mode mode : both_modes)
            for (const Loader& loader : gone) {
                Load load{FLAT_RING3_CS64};
                const auto ended = call_in(mode, loader.code, load);
                if (!ended || ended->vector != invalid_opcode)
                    fail(Line{} << loader.name << " of the " << name_of(mode));
            }
    }},
});

}
constinit const std::span<const Case> cases = table;
}
