// RUN: %boot-guest --options console_to_ring | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Calls that are no family of their own: versions, console, assists, and what is no call at all.
#include "kit/case.hpp"
#include "kit/clock.hpp"
#include "kit/events.hpp"
#include "kit/other_domain.hpp"
#include "kit/paging.hpp"
#include "kit/ports.hpp"

#include <algorithm>
#include <cstring>

namespace kit {
namespace {

Status feature_word(unsigned index, std::uint32_t& word) {
    xen_feature_info_t info{index, 0};
    const Status status = call<rows::xen_version, XENVER_get_features>(info);
    word = info.submap;
    return status;
}

// What the call leaves as it was stays as no text is.
template <std::uint32_t command, typename Structure>
void ask_into(Structure& structure) {
    std::memset(&structure, 0x7f, sizeof(structure));
    expect_equal(call<rows::xen_version, command>(structure), 0);
}

// With nothing but zeroes behind it, where other things of the hypervisor's might be.
template <std::size_t size>
bool is_text_that_ends(const char (&text)[size]) {
    const auto end = std::ranges::find(text, '\0');
    return end != std::end(text) && std::all_of(end, std::end(text), [](char byte) { return byte == '\0'; });
}

// xen_build_id_t, with room for what the call writes behind it.
struct IdRoom {
    std::uint32_t size;
    std::array<std::uint8_t, 64> id{};
};

// The timer's event comes in the middle of the call, which has to let it in.
Status interrupted(Status (*long_call)()) {
    const unsigned timer = port_of(bind_virq(VIRQ_TIMER));
    allow_events(true);
    set_timer_op(now() + 500'000);
    const Status status = long_call();
    while (seen.port[timer] == 0) call<rows::sched_op, SCHEDOP_block>();
    allow_events(false);
    expect_equal(close(timer), 0);
    return status;
}

multicall_entry_t entry_for(const mmuext_op_t& operation, unsigned count = 1, unsigned* done = nullptr) {
    multicall_entry_t call{};
    call.op = __HYPERVISOR_mmuext_op;
    call.args[0] = reinterpret_cast<unsigned long>(&operation);
    call.args[1] = count;
    call.args[2] = reinterpret_cast<unsigned long>(done);
    call.args[3] = DOMID_SELF;
    return call;
}

void pin_or_unpin(std::span<mmuext_op_t> operations, const Page& table) {
    for (std::size_t i = 0; i < operations.size(); ++i) {
        operations[i].cmd = i % 2 ? MMUEXT_UNPIN_TABLE : MMUEXT_PIN_L1_TABLE;
        operations[i].arg1.mfn = table.mfn();
    }
}

constexpr auto table = std::to_array<Case>({
    {"xen_version.version", "is 4.17", [] { expect_equal(call<rows::xen_version, XENVER_version>(), 4 << 16 | 17); }},
    {"xen_version.extraversion", "is a text that ends", [] {
        xen_extraversion_t text;
        ask_into<XENVER_extraversion>(text);
        expect(is_text_that_ends(text));
    }},
    {"xen_version.compile_info", "is four texts that end", [] {
        xen_compile_info_t info;
        ask_into<XENVER_compile_info>(info);
        expect(is_text_that_ends(info.compiler));
        expect(is_text_that_ends(info.compile_by));
        expect(is_text_that_ends(info.compile_domain));
        expect(is_text_that_ends(info.compile_date));
    }},
    {"xen_version.capabilities", "name the 64-bit PV interface", [] {
        xen_capabilities_info_t text;
        ask_into<XENVER_capabilities>(text);
        expect(is_text_that_ends(text));
        expect(std::string_view{text, sizeof(text)}.contains("xen-3.0-x86_64"));
    }},
    {"xen_version.changeset", "is a text that ends", [] {
        xen_changeset_info_t text;
        ask_into<XENVER_changeset>(text);
        expect(is_text_that_ends(text));
        if (!on_stock_xen()) expect(std::string_view{text}.starts_with("Basalt ") && std::string_view{text}.contains(" git:"));
    }},
    {"xen_version.platform_parameters", "say where the hypervisor begins", [] {
        xen_platform_parameters_t parameters;
        expect_equal(call<rows::xen_version, XENVER_platform_parameters>(parameters), 0);
        expect_equal(parameters.virt_start, HYPERVISOR_VIRT_START);
    }},
    {"xen_version.get_features", "what a PV Dom0 relies on is there", [] {
        std::uint32_t word = 0;
        expect_equal(feature_word(0, word), 0);
        expect_equal(word >> XENFEAT_dom0 & 1, 1);
        expect_equal(word >> XENFEAT_mmu_pt_update_preserve_ad & 1, 1);
        expect_equal(word >> XENFEAT_auto_translated_physmap & 1, 0);
        expect_equal(word >> XENFEAT_writable_page_tables & 1, 0);
        expect_equal(feature_word(1, word), -XEN_EINVAL);
    }},
    {"xen_version.pagesize", "is 4096", [] { expect_equal(call<rows::xen_version, XENVER_pagesize>(), 4096); }},
    {"xen_version.guest_handle", "is the handle that tools have given the domain", [] {
        xen_domctl_t request{};
        auto& given = request.u.setdomainhandle.handle;
        for (std::uint8_t& byte : given) byte = static_cast<std::uint8_t>(0x10 + (&byte - given));
        xen_domain_handle_t told{};
        expect_equal(domctl(XEN_DOMCTL_setdomainhandle, 0, request), 0);
        expect_equal(call<rows::xen_version, XENVER_guest_handle>(told), 0);
        expect(std::ranges::equal(told, given));
    }},
    {"xen_version.commandline", "is the hypervisor's", [] {
        static xen_commandline_t text;
        ask_into<XENVER_commandline>(text);
        expect(is_text_that_ends(text));
        expect(std::string_view{text, sizeof(text)}.contains("dom0_mem="));
    }},
    {"xen_version.build_id", "tells its size where there is no address", [] { expect(call<rows::xen_version, XENVER_build_id>() > 0); }},
    {"xen_version.build_id", "is written into room that is large enough, and no further", [] {
        const auto size = static_cast<std::uint32_t>(call<rows::xen_version, XENVER_build_id>());
        IdRoom room{.size = size};
        expect_equal(untyped::xen_version(XENVER_build_id, &room), size);
        expect(std::ranges::any_of(std::span(room.id).first(size), [](std::uint8_t byte) { return byte != 0; }));
        expect_equal(room.id[size], 0);
        expect_equal(room.size, size);
    }},
    {"xen_version.build_id", "needs room", [] {
        IdRoom room{.size = static_cast<std::uint32_t>(call<rows::xen_version, XENVER_build_id>()) - 1};
        expect_equal(untyped::xen_version(XENVER_build_id, &room), -XEN_ENOBUFS);
        room.size = 0;
        expect_equal(untyped::xen_version(XENVER_build_id, &room), -XEN_EINVAL);
        expect(std::ranges::all_of(room.id, [](std::uint8_t byte) { return byte == 0; }));
    }},
    {"xen_version", "answers to no address of the hypervisor's, where our own memory may be seen too", [] {
        Page& page = fresh_page();
        page.words[0] = 5;
        for (unsigned slot = 256; slot < 272; ++slot) {
            const std::uint64_t there = (0xffff'0000'0000'0000 | std::uint64_t{slot} << 39) + page.machine();
            expect_equal(hypercall(__HYPERVISOR_xen_version, XENVER_extraversion, there), -XEN_EFAULT);
        }
        expect_equal(page.words[0], 5);
    }},
    {"xen_version", "refuses unknown commands and bad addresses", [] {
        expect_equal(untyped::xen_version(99), -XEN_ENOSYS);
        expect_equal(untyped::xen_version(XENVER_extraversion, nowhere), -XEN_EFAULT);
        expect_equal(untyped::xen_version(XENVER_extraversion, HYPERVISOR_VIRT_START), -XEN_EFAULT);
        expect_equal(untyped::xen_version(XENVER_get_features, nowhere), -XEN_EFAULT);
    }},
    {"console_io.write", "prints what it is given", [] {
        const std::string_view text = "  (this line was written by the case itself)\n";
        expect_equal(untyped::console_io(CONSOLEIO_write, text.size(), text.data()), 0);
        expect_equal(untyped::console_io(CONSOLEIO_write, 0, nullptr), 0);
    }},
    {"console_io.write", "prints a text longer than any buffer", [] {
        static std::array<char, 1000> text;
        text.fill('.');
        text.back() = '\n';
        expect_equal(untyped::console_io(CONSOLEIO_write, text.size(), text.data()), 0);
    }},
    {"console_io.write", "prints a text once, though an event interrupts it", [] {
        static std::array<char, 6000> text;
        constexpr std::string_view beginning = "the beginning of a long text\n";
        for (std::size_t i = 0; i < text.size(); ++i) text[i] = i % 100 == 99 ? '\n' : '.';
        std::ranges::copy(beginning, text.begin());
        expect_equal(interrupted([] { return untyped::console_io(CONSOLEIO_write, text.size(), text.data()); }), 0);
        static std::array<char, 16384> log;
        xen_sysctl_t request{};
        request.u.readconsole.count = log.size();
        set_xen_guest_handle(request.u.readconsole.buffer, log.data());
        expect_equal(call<rows::sysctl, XEN_SYSCTL_readconsole>(request), 0);
        const std::string_view said(log.data(), request.u.readconsole.count);
        const auto first = said.find(beginning);
        expect(first != said.npos && said.find(beginning, first + 1) == said.npos);
    }},
    {"console_io.write", "refuses bad addresses", [] {
        expect_equal(untyped::console_io(CONSOLEIO_write, 5, nowhere), -XEN_EFAULT);
        expect_equal(untyped::console_io(CONSOLEIO_write, 5, HYPERVISOR_VIRT_START), -XEN_EFAULT);
    }},
    {"console_io.read", "nothing typed is nothing read", [] {
        std::array<char, 16> text{};
        expect_equal(untyped::console_io(CONSOLEIO_read, text.size(), text.data()), 0);
        expect_equal(untyped::console_io(99, 0, nullptr), -XEN_ENOSYS);
    }},
    {"vm_assist", "takes the assists Linux asks for", [] {
        for (unsigned type : {VMASST_TYPE_writable_pagetables, VMASST_TYPE_pae_extended_cr3,
                              VMASST_TYPE_runstate_update_flag}) {
            expect_equal(call<rows::vm_assist, VMASST_CMD_enable>(type), 0);
            expect_equal(call<rows::vm_assist, VMASST_CMD_disable>(type), 0);
        }
        expect_equal(call<rows::vm_assist, VMASST_CMD_enable>(VMASST_TYPE_4gb_segments), 0);
    }},
    {"vm_assist", "refuses unknown assists and commands", [] {
        for (unsigned type : {20u, 63u, 64u, ~0u}) expect_equal(call<rows::vm_assist, VMASST_CMD_enable>(type), -XEN_EINVAL);
        for (unsigned type : {20u, 63u, 64u, ~0u}) expect_equal(call<rows::vm_assist, VMASST_CMD_disable>(type), -XEN_EINVAL);
        expect_equal(untyped::vm_assist(9, VMASST_TYPE_writable_pagetables), -XEN_ENOSYS);
    }},
    {in_words("no such call"), "is -ENOSYS", [] {
        for (unsigned number : {43u, 47u, 54u, 56u, 63u}) expect_equal(hypercall(number), -XEN_ENOSYS);
    }},
    {in_words("no such call"), "a number beyond the table is -ENOSYS", [] {
        for (std::uint64_t number : {64ull, 1000ull, 0xffffffffull, 0x100000011ull, ~0ull}) {
            std::uint64_t result = number;
            asm volatile("syscall" : "+a"(result) :: "rcx", "r11", "rdi", "rsi", "rdx", "r10", "r8", "r9", "memory");
            expect_equal(result, -XEN_ENOSYS);
        }
    }},
    {in_words("no such call"), "what was built without is -ENOSYS", [] {
        expect_equal(hypercall(__HYPERVISOR_tmem_op), -XEN_ENOSYS);
        expect_equal(hypercall(__HYPERVISOR_xsm_op), -XEN_ENOSYS);
        expect_equal(hypercall(__HYPERVISOR_argo_op), -XEN_ENOSYS);
    }},
    {in_words("hypercall"), "keeps every register but rax, rcx and r11", [] {
        static std::array<std::uint64_t, 13> after;
        asm volatile("push %%rbp; mov $17, %%eax; xor %%edi, %%edi; mov $1, %%esi; mov $2, %%edx; mov $3, %%ebx;"
                     "mov $5, %%ebp; mov $8, %%r8d; mov $9, %%r9d; mov $10, %%r10d; mov $12, %%r12d; mov $13, %%r13d;"
                     "mov $14, %%r14d; mov $15, %%r15d; syscall;"
                     "lea %0, %%rcx; mov %%rax, (%%rcx); mov %%rdi, 8(%%rcx); mov %%rsi, 16(%%rcx); mov %%rdx, 24(%%rcx);"
                     "mov %%rbx, 32(%%rcx); mov %%rbp, 40(%%rcx); mov %%r8, 48(%%rcx); mov %%r9, 56(%%rcx);"
                     "mov %%r10, 64(%%rcx); mov %%r12, 72(%%rcx); mov %%r13, 80(%%rcx); mov %%r14, 88(%%rcx);"
                     "mov %%r15, 96(%%rcx); pop %%rbp"
                     : "=m"(after)
                     :: "rax", "rbx", "rcx", "rdx", "rdi", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15");
        const std::uint64_t expected[] = {4 << 16 | 17, 0, 1, 2, 3, 5, 8, 9, 10, 12, 13, 14, 15};
        for (unsigned i = 0; i < after.size(); ++i) expect_equal(after[i], expected[i]);
    }},
    {in_words("hypercall"), "keeps the flags", [] {
        std::uint64_t before, after;
        asm volatile("stc; pushf; pop %0; mov $17, %%eax; xor %%edi, %%edi; stc; syscall; pushf; pop %1"
                     : "=&r"(before), "=&r"(after)
                     :: "rax", "rcx", "rdx", "rdi", "rsi", "r8", "r9", "r10", "r11", "memory");
        expect_equal(after & 1, 1);
        expect_equal(after & 0x3200, before & 0x3200);
    }},
    {"multicall", "makes every call and stores each result", [] {
        multicall_entry_t calls[3] = {};
        calls[0].op = __HYPERVISOR_xen_version;
        calls[0].args[0] = XENVER_pagesize;
        calls[1].op = 63;
        calls[2].op = __HYPERVISOR_xen_version;
        expect_equal(multicall(calls), 0);
        expect_equal(calls[0].result, 4096);
        expect_equal(calls[1].result, -XEN_ENOSYS);
        expect_equal(calls[2].result, 4 << 16 | 17);
    }},
    {"multicall", "page-table updates work inside", [] {
        Page& window = fresh_page();
        Page& target = fresh_page();
        target.words[0] = 9;
        multicall_entry_t calls[2] = {};
        calls[0].op = __HYPERVISOR_update_va_mapping;
        calls[0].args[0] = window.address();
        calls[0].args[1] = entry(target.mfn(), kernel_page);
        calls[0].args[2] = UVMF_INVLPG;
        mmuext_op_t flush{};
        flush.cmd = MMUEXT_TLB_FLUSH_LOCAL;
        calls[1].op = __HYPERVISOR_mmuext_op;
        calls[1].args[0] = reinterpret_cast<unsigned long>(&flush);
        calls[1].args[1] = 1;
        calls[1].args[3] = DOMID_SELF;
        expect_equal(multicall(calls), 0);
        expect_equal(calls[0].result, 0);
        expect_equal(calls[1].result, 0);
        expect_equal(*static_cast<volatile std::uint64_t*>(window.words.data()), 9);
    }},
    {"multicall", "a batch inside a batch is refused", [] {
        multicall_entry_t inner{}, outer{};
        inner.op = __HYPERVISOR_xen_version;
        inner.result = 5;
        outer.op = __HYPERVISOR_multicall;
        outer.args[0] = reinterpret_cast<unsigned long>(&inner);
        outer.args[1] = 1;
        expect_equal(multicall(std::span{&outer, 1}), 0);
        expect_equal(outer.result, -XEN_EINVAL);
        expect_equal(inner.result, 5);
    }},
    {"multicall", "empty is fine, a bad list is not", [] {
        expect_equal(hypercall(__HYPERVISOR_multicall, nullptr, 0), 0);
        expect_equal(hypercall(__HYPERVISOR_multicall, nowhere, 1), -XEN_EFAULT);
        expect_equal(hypercall(__HYPERVISOR_multicall, nowhere, 1ull << 40), 0);   // the count is a 32-bit number
    }},
    {"multicall", "stops where the list ends to be readable, the calls before are made", [] {
        const auto pages = fresh_pages(2);
        update_va_mapping(&pages[1], 0, UVMF_INVLPG);
        auto* calls = reinterpret_cast<multicall_entry_t*>(&pages[1]) - 1;
        calls->op = __HYPERVISOR_xen_version;
        expect_equal(hypercall(__HYPERVISOR_multicall, calls, 2), -XEN_EFAULT);
        expect_equal(calls->result, 4 << 16 | 17);
    }},
    {"multicall", "a long batch is done whole", [] {
        static std::array<multicall_entry_t, 500> calls;
        for (auto& call : calls) call.op = __HYPERVISOR_xen_version;
        expect_equal(multicall(calls), 0);
        for (const auto& call : calls)
            if (!expect_equal(call.result, 4 << 16 | 17)) return;
    }},
    {"multicall", "a list that an event interrupts makes each call once", [] {
        static std::array<mmuext_op_t, 2> operations;
        pin_or_unpin(operations, fresh_table());
        static std::array<multicall_entry_t, 4000> calls;
        for (std::size_t i = 0; i < calls.size(); ++i) calls[i] = entry_for(operations[i % 2]);
        expect_equal(interrupted([] { return multicall(calls); }), 0);
        for (const auto& call : calls)
            if (!expect_equal(call.result, 0)) return;
    }},
    {"multicall", "a call too long for one go goes on where it was", [] {
        static std::array<mmuext_op_t, 4000> operations;
        pin_or_unpin(operations, fresh_table());
        static unsigned done = 77;
        static multicall_entry_t call = entry_for(operations[0], operations.size(), &done);
        expect_equal(interrupted([] { return multicall(std::span{&call, 1}); }), 0);
        expect_equal(call.result, 0);
        expect_equal(done, operations.size());
    }},
});

}

constinit const std::span<const Case> cases = table;

}
