// RUN: %boot-guest --cpus 2 | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Domains that begin with random contexts: selectors, flags, bases, FPU images, descriptor tables. They run a few random
// instructions that touch these, and return by random frames. Nobody else shall notice. Words: seed=, lives=.
#include "kit/case.hpp"
#include "kit/clock.hpp"
#include "kit/other_domain.hpp"
#include "kit/paging.hpp"
#include "kit/random.hpp"

#include <algorithm>

namespace kit {
namespace {

constexpr std::uint64_t data = image_base + page_size, descriptors = image_base + 2 * page_size;
constexpr std::uint64_t user_place = 0x400000;

std::uint16_t some_selector(Random& random) {
    constexpr auto some = std::to_array<std::uint16_t>(
        {0, 1, 2, 3, FLAT_RING3_CS64, FLAT_RING3_DS32, FLAT_RING3_CS32, FLAT_RING3_SS32, 0xe008, 0xe00b, 0xe010, 0xe013, 0xe040,
         0xe043, 0xe050, 0xe053, 0x8, 0xb, 0x13, 0x1b, 7, 0xf, 0x17, 0x1f});
    return random.one_in(6) ? static_cast<std::uint16_t>(random.word()) : random.of(some);
}

std::uint64_t some_address(Random& random) {
    const std::uint64_t word = random.word();
    switch (random.below(6)) {
    case 0: return 0;
    case 1: return static_cast<std::uint64_t>(static_cast<std::int64_t>(word << 16) >> 16);      // canonical
    case 2: return 0xffff800000000000 + (word & 0x7ffffffffff);                                  // the hypervisor's
    case 3: return 0x00007fffffffffff - random.below(64);                                        // the last ones
    default: return image_base + random.below(4 * page_size);
    }
}

// Code or data, present; the rest is anything.
std::uint64_t some_descriptor(Random& random) { return random.one_in(4) ? 0 : random.word() | 1ull << 47 | 1ull << 44; }

class Wild : public OtherDomain {
public:
    explicit Wild(Random& random);
    std::int64_t give_context(Random& random);

private:
    enum Frame { code, data_frame, gdt, level1, level2, level3, level4, user1, user2, user3, user4, count };

    void write_code(Random& random);
    void write_data(Random& random);
    void link(Frame table, std::uint64_t address, unsigned level, Frame to, std::uint64_t flags) {
        write_word(frames_[table], index_at(address, level), entry(frames_[to], flags));
    }

    std::array<xen_pfn_t, count> frames_{};
};

Wild::Wild(Random& random) {
    for (unsigned pfn = 0; pfn < count; ++pfn) frames_[pfn] = pfn;
    create(frames_);
    if (trouble != 0) return;
    write_code(random);
    write_data(random);
    link(level1, image_base, 1, code, read_only_page);
    link(level1, data, 1, data_frame, kernel_page);
    link(level1, descriptors, 1, gdt, read_only_page);
    link(level2, image_base, 2, level1, table_entry);
    link(level3, image_base, 3, level2, table_entry);
    link(level4, image_base, 4, level3, table_entry);
    link(user1, user_place, 1, code, read_only_page);
    link(user2, user_place, 2, user1, table_entry);
    link(user3, user_place, 3, user2, table_entry);
    link(user4, user_place, 4, user3, table_entry);
    for (const Frame root : {level4, user4}) expect_zero(mmuext_op(MMUEXT_PIN_L4_TABLE, frames_[root], static_cast<int>(id)));
}

// Instructions that load segments and change flags; then the iret call on whatever is on the stack.
void Wild::write_code(Random& random) {
    static std::array<std::byte, page_size> bytes;
    bytes.fill(std::byte{});
    std::size_t at = 0;
    const auto put = [&](std::initializer_list<unsigned> some) {
        for (const unsigned byte : some) bytes[at++] = static_cast<std::byte>(byte);
    };
    for (unsigned instructions = 0; instructions < 12; ++instructions) switch (random.below(12)) {
        case 0: put({0x8e, 0xd8}); break;                                       // mov %eax, %ds; then %es, %fs, %gs
        case 1: put({0x8e, 0xc0}); break;
        case 2: put({0x8e, 0xe0}); break;
        case 3: put({0x8e, 0xe8}); break;
        case 4: put({0xcd, random.below(256)}); break;                          // int
        case 5: put({0x0f, 0x77}); break;                                       // emms
        case 6: put({0x9d}); break;                                             // popf
        case 7: put({0xf3, 0x90}); break;                                       // pause
        case 8: put({0x48, 0xcf}); break;                                       // iretq
        case 9: put({0xcc}); break;                                             // int3
        case 10: put({0xf4}); break;                                            // hlt
        default: put({0xb8, random.below(256), random.below(256), 0, 0}); break;   // mov $selector, %eax
    }
    put({0xb8, __HYPERVISOR_iret, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xfe});            // mov $iret, %eax; syscall; jmp .
    write_page(frames_[code], bytes);
}

// Frames to return by, and a descriptor table.
void Wild::write_data(Random& random) {
    static Page page;
    page.words.fill(0);
    for (unsigned index = 0; index < page.words.size(); ++index)
        if (index % 64 < 24)
            page.words[index] = random.one_in(2) ? some_address(random) : random.one_in(2) ? some_selector(random) : random.word();
    write_page(frames_[data_frame], std::as_bytes(std::span{page.words}));
    page.words.fill(0);
    for (unsigned index = 0; index < page.words.size(); index += 8) page.words[index] = some_descriptor(random);
    write_page(frames_[gdt], std::as_bytes(std::span{page.words}));
}

std::int64_t Wild::give_context(Random& random) {
    static vcpu_guest_context_t context;
    auto* const raw = reinterpret_cast<std::uint64_t*>(&context);
    for (std::size_t word = 0; word < sizeof context / sizeof *raw; ++word) raw[word] = random.one_in(8) ? 0 : random.word();
    context.flags = (random.one_in(3) ? random.word() : VGCF_in_kernel | VGCF_i387_valid) | VGCF_online;
    auto& registers = context.user_regs;
    const bool in_kernel = (context.flags & VGCF_in_kernel) != 0;
    registers.rip = random.one_in(3) ? some_address(random) : in_kernel ? image_base : user_place;
    registers.rsp = random.one_in(4) ? some_address(random) : data + 1024 + random.below(256) * 8;
    registers.cs = random.one_in(2) ? std::uint16_t{FLAT_KERNEL_CS} : some_selector(random);
    registers.ss = random.one_in(2) ? std::uint16_t{FLAT_KERNEL_SS} : some_selector(random);
    for (auto* const selector : {&registers.ds, &registers.es, &registers.fs, &registers.gs}) *selector = some_selector(random);
    for (std::size_t vector = 0; vector < std::size(context.trap_ctxt); ++vector) {
        auto& trap = context.trap_ctxt[vector];
        trap.vector = static_cast<std::uint8_t>(vector);
        trap.address = random.one_in(3) ? 0 : random.one_in(8) ? some_address(random) : image_base;
    }
    context.ldt_base = random.one_in(3) ? some_address(random) & ~(page_size - 1) : descriptors;
    context.ldt_ents = random.below(8193);
    context.gdt_ents = random.one_in(2) ? 0 : random.below(513);
    context.gdt_frames[0] = frames_[gdt];
    context.kernel_sp = random.one_in(6) ? some_address(random) : data + 2048;
    context.kernel_ss = some_selector(random);
    context.ctrlreg[3] = xen_pfn_to_cr3(frames_[level4]);
    context.ctrlreg[1] = random.one_in(3) ? 0 : xen_pfn_to_cr3(frames_[user4]);
    context.event_callback_eip = some_address(random);
    context.failsafe_callback_eip = random.one_in(2) ? some_address(random) : image_base;
    context.syscall_callback_eip = random.one_in(2) ? some_address(random) : image_base;
    for (auto* const base : {&context.fs_base, &context.gs_base_kernel, &context.gs_base_user}) *base = some_address(random);
    xen_domctl_t request{};
    request.u.vcpucontext.vcpu = 0;
    set_xen_guest_handle(request.u.vcpucontext.ctxt, &context);
    return domctl(XEN_DOMCTL_setvcpucontext, id, request);
}

// True if it was given a context that is taken; then it runs for a while.
bool one_life(Random& random) {
    constexpr unsigned tries = 20;
    constexpr std::uint64_t time = 3'000'000;      // nanoseconds
    Wild wild(random);
    if (!expect_equal(wild.trouble, 0)) return false;
    bool taken = false;
    for (unsigned tried = 0; tried < tries && !taken; ++tried) taken = wild.give_context(random) == 0;
    if (taken) {
        expect_equal(wild.start(), 0);
        const std::uint64_t end = now() + time;
        while (now() < end && !wild.has_ended()) call<rows::sched_op, SCHEDOP_yield>();
    }
    expect_equal(wild.destroy(), 0);
    return taken;
}

constexpr auto table = std::to_array<Case>({
    {in_words("all"), "domains that begin with random contexts harm nobody", [] {
        const std::uint64_t lives = told("lives=", 100);
        Random random(seed_of_run());
        one_life(random);                              // whatever is made once only, is made
        const std::uint64_t before = free_pages();
        std::uint64_t begun = 0;
        for (std::uint64_t life = 0; life < lives; ++life) begun += one_life(random) ? 1 : 0;
        print(begun, " of ", lives, " began");
        expect(begun > lives / 4);
        expect_free_pages(before);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
