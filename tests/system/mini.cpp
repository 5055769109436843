// A domain of four mebibytes, the least that xl can build. It says that it is there, does what its command line names, and says
// so when it has done it; several of these deeds no kernel should do, and some it does not survive.
#include "kit/events.hpp"
#include "kit/hypercall.hpp"
#include "kit/memory.hpp"
#include "kit/paging.hpp"
#include "kit/text.hpp"
#include "kit/traps.hpp"

#include <array>
#include <string_view>

namespace kit {

namespace {

[[noreturn]] void rest() {
    for (;;) call<rows::sched_op, SCHEDOP_block>();
}

[[noreturn]] void spin() {
    allow_events(false);
    for (;;) asm volatile("pause");
}

using Wild = void (*)();
Wild wild_pointer() { return reinterpret_cast<Wild>(0x123456789000); }

void have_no_handlers() { set_trap_table(nullptr); }

// Each exception leads to the next one, until there is no stack left to report it on.
void have_wild_handlers() {
    static std::array<trap_info_t, 33> table;
    for (std::uint8_t vector = 0; vector < 32; ++vector)
        table[vector] = {vector, 0, FLAT_KERNEL_CS, reinterpret_cast<unsigned long>(wild_pointer())};
    set_trap_table(table.data());
}

void trap_without_handlers() {
    have_no_handlers();
    asm volatile("ud2");
}
void jump_wildly() {
    have_no_handlers();
    wild_pointer()();
}
void trap_with_wild_handlers() {
    have_wild_handlers();
    wild_pointer()();
}
void trap_on_a_wild_stack() { asm volatile("mov %0, %%rsp; ud2" : : "r"(0x123456789000)); }

// The writable window through which it tries to reach what is not its own.
alignas(page_size) Page window;

struct Tries {
    unsigned refused = 0, taken = 0;
    void count(std::uint64_t mfn, bool was_refused) {
        ++(was_refused ? refused : taken);
        if (!was_refused) print("mini: frame ", mfn, " was taken");
    }
};

bool own(std::uint64_t mfn) {
    const std::uint64_t pfn = m2p(mfn);
    return mfn == start->shared_info / page_size || (pfn < start->nr_pages && p2m(pfn) == mfn);
}

// By each of the three ways an entry is written: two hypercalls, and a plain store the hypervisor has to look at.
void try_entry(Tries& tries, std::uint64_t mfn) {
    const Slot slot = slot_of(&window);
    tries.count(mfn, update_va_mapping(&window, entry(mfn, kernel_page), UVMF_INVLPG) != 0);
    tries.count(mfn, mmu_update(slot.machine(), entry(mfn, kernel_page)) != 0);
    tries.count(mfn,
                fault_of([&] { *const_cast<volatile std::uint64_t*>(slot.word()) = entry(mfn, kernel_page); }).has_value());
}

void name_frames_of_others() {
    Tries tries;
    const Page& root = page_of(root_mfn());
    // The hypervisor's own tables are named in the slots of the root that belong to it.
    for (unsigned slot = 256; slot < 272; ++slot)
        if (root.words[slot] & present) try_entry(tries, mfn_in(root.words[slot]));
    constexpr std::uint64_t machine_frames = 1 << 18, stride = 61;
    for (std::uint64_t mfn = 0; mfn < machine_frames; mfn += stride)
        if (!own(mfn)) try_entry(tries, mfn);
    print("mini: ", tries.refused, " entries refused, ", tries.taken, " taken");
}

struct Deed {
    std::string_view name;
    void (*act)();
};
constexpr auto deeds = std::to_array<Deed>({
    {"rest", rest},
    {"spin", spin},
    {"trap_without_handlers", trap_without_handlers},
    {"jump_wildly", jump_wildly},
    {"trap_with_wild_handlers", trap_with_wild_handlers},
    {"trap_on_a_wild_stack", trap_on_a_wild_stack},
    {"name_frames_of_others", name_frames_of_others},
});

}

extern "C" [[noreturn]] void kit_start(start_info_t* info) {
    start_memory(info);
    start_traps();
    const std::string_view wanted{reinterpret_cast<const char*>(info->cmd_line)};
    print("mini: here to ", wanted);
    for (const Deed& deed : deeds)
        if (deed.name == wanted) deed.act();
    print("mini: still here");
    rest();
}

}
