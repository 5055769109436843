// A vcpu's whole state, as the ABI describes it.

#include <algorithm>
#include <array>
#include <cstring>

#include "abi/xen.hpp"
#include "domain/domain.hpp"
#include "domain/guest_time.hpp"
#include "guests/pv/control_registers.hpp"
#include "guests/pv/debug_registers.hpp"
#include "domain/given_context.hpp"
#include "guests/pv/descriptors.hpp"
#include "guests/pv/doors.hpp"
#include "guests/pv/gates.hpp"
#include "guests/pv/guest_flags.hpp"
#include "guests/pv/roots.hpp"
#include "guests/pv/traps.hpp"
#include "machine/features.hpp"
#include "machine/fpu.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt::pv {
namespace {

constexpr std::size_t legacy_fpu_bytes = sizeof(vcpu_guest_context::fpu_ctxt);
static_assert(legacy_fpu_bytes == 512);

Result<> addresses_are_possible(const vcpu_guest_context& context) {
    for (const std::uint64_t address :
         {context.event_callback_eip, context.failsafe_callback_eip, context.syscall_callback_eip})
        if (!may_be_entered(address)) return refuse(Error::invalid);
    for (const std::uint64_t base : {context.fs_base, context.gs_base_kernel, context.gs_base_user})
        if (!is_canonical(base)) return refuse(Error::invalid);
    for (const trap_info& trap : context.trap_ctxt)
        if (!may_be_entered(trap.address)) return refuse(Error::invalid);
    if (context.ldt_ents > most_ldt_entries || context.gdt_ents > most_gdt_entries) return refuse(Error::invalid);
    return {};
}

// The roots first: one that is checked is kept while the other, or what comes after, is to be come back for.
Step<> set_roots(Vcpu& vcpu, const vcpu_guest_context& context, paging::Budget& budget) {
    TRY(set_kernel_root(vcpu, Mfn(xen_cr3_to_pfn(context.ctrlreg[3])), budget));
    return set_user_root(vcpu, Mfn(xen_cr3_to_pfn(context.ctrlreg[1])), budget);
}

Result<> set_descriptors(Vcpu& vcpu, const vcpu_guest_context& context) {
    std::array<Mfn, guest_gdt_pages> frames;
    const std::size_t pages = (context.gdt_ents * 8 + page_size - 1) / page_size;
    for (std::size_t page = 0; page < pages; ++page) frames[page] = Mfn(context.gdt_frames[page]);
    TRY(set_gdt(vcpu, std::span(frames).first(pages), static_cast<std::uint32_t>(context.gdt_ents)));
    return set_ldt(vcpu, context.ldt_base, static_cast<std::uint32_t>(context.ldt_ents));
}

Step<> set_tables(Vcpu& vcpu, const vcpu_guest_context& context, paging::Budget& budget) {
    const Step<> roots = set_roots(vcpu, context, budget);
    if (roots.refused() != nullptr) return refuse(Error::invalid);
    return roots.done() ? step_of(set_descriptors(vcpu, context)) : roots;
}

bool names_same_tables(const Vcpu& vcpu, const vcpu_guest_context& context) {
    const PvVcpu& pv = pv::of(vcpu);
    if (Mfn(xen_cr3_to_pfn(context.ctrlreg[3])) != pv.kernel_root || context.gdt_ents != pv.gdt_entries) return false;
    for (std::size_t page = 0; page < pv.gdt_pages(); ++page)
        if (Mfn(context.gdt_frames[page]) != pv.gdt_frames[page]) return false;
    return true;
}

// All that may be refused.
Step<> begin_context(Vcpu& vcpu, const vcpu_guest_context& context, paging::Budget& budget) {
    TRY(addresses_are_possible(context));
    if (!vcpu.initialised) return set_tables(vcpu, context, budget);
    if (!names_same_tables(vcpu, context)) return refuse(Error::not_supported);
    return std::monostate{};
}

void set_registers(Registers& registers, const cpu_user_regs& from) {
    // clang-format off: a table
    registers = {.r15 = from.r15, .r14 = from.r14, .r13 = from.r13, .r12 = from.r12, .rbp = from.rbp,
                 .rbx = from.rbx, .r11 = from.r11, .r10 = from.r10, .r9 = from.r9,   .r8 = from.r8,
                 .rax = from.rax, .rcx = from.rcx, .rdx = from.rdx, .rsi = from.rsi, .rdi = from.rdi,
                 .vector = Registers::by_nothing, .error_code = 0, .rip = from.rip, .cs = from.cs | ring_3,
                 .rflags = real_flags(from.rflags), .rsp = from.rsp, .ss = from.ss | ring_3};
    // clang-format on
}

void set_entry_points(PvVcpu& pv, const vcpu_guest_context& context) {
    pv.event = {context.event_callback_eip, true};
    pv.failsafe = {context.failsafe_callback_eip, (context.flags & VGCF_failsafe_disables_events) != 0};
    pv.syscall = {context.syscall_callback_eip, (context.flags & VGCF_syscall_disables_events) != 0};
    pv.kernel_ss = static_cast<std::uint16_t>(context.kernel_ss | ring_3);
    pv.kernel_sp = context.kernel_sp;
    for (std::size_t vector = 0; vector < pv.traps.size(); ++vector) pv.traps[vector] = gate_of(context.trap_ctxt[vector]);
}

void set_fpu(PvVcpu& pv, const vcpu_guest_context& context) {
    fpu_initialise(pv.fpu.data());
    if ((context.flags & VGCF_i387_valid) != 0) fpu_take_legacy(pv.fpu.data(), std::as_bytes(std::span(context.fpu_ctxt.x)));
}

// Those that the guest may not have are left out.
void set_debug(PvVcpu& pv, const vcpu_guest_context& context) {
    pv.debug = {};
    for (const unsigned number : {0u, 1u, 2u, 3u, 6u, 7u})
        static_cast<void>(set_debug_register(pv, number, context.debugreg[number]));
}

Segments segments_of(const vcpu_guest_context& context) {
    const cpu_user_regs& from = context.user_regs;
    return {from.ds, from.es, from.fs, from.gs, context.fs_base, context.gs_base_kernel, context.gs_base_user};
}

}  // namespace

Step<> Doors::set_context(Vcpu& vcpu, const vcpu_guest_context& context, paging::Budget& budget) {
    const Step<> begun = begin_context(vcpu, context, budget);
    if (const Error* error = begun.refused()) return refuse_context(vcpu, *error);
    if (!begun.done()) return begun;
    PvVcpu& pv = pv::of(vcpu);
    set_registers(vcpu.registers, context.user_regs);
    set_entry_points(pv, context);
    pv.in_kernel = (context.flags & VGCF_in_kernel) != 0 || pv.user_root == no_mfn;
    pv.iopl = static_cast<std::uint8_t>(context.user_regs.rflags >> 12 & 3);
    pv.fpu_task_switched = (context.ctrlreg[0] & cr0::task_switched) != 0;
    pv.cr4 = permitted_cr4(vcpu.domain, context.ctrlreg[4]);
    pv.segments = segments_of(context);
    set_fpu(pv, context);
    set_debug(pv, context);
    if (vcpu.id.raw == 0) vcpu.domain.assists = context.vm_assist & permitted_assists;
    if (vcpu.id.raw == 0) publish_wall_clock(vcpu.domain);   // once more: who builds a domain wipes its shared_info before
    vcpu.initialised = true;
    return std::monostate{};
}

namespace {

void get_registers(const Vcpu& vcpu, cpu_user_regs& to) {
    const Registers& from = vcpu.registers;
    to.r15 = from.r15, to.r14 = from.r14, to.r13 = from.r13, to.r12 = from.r12;
    to.rbp = from.rbp, to.rbx = from.rbx, to.r11 = from.r11, to.r10 = from.r10;
    to.r9 = from.r9, to.r8 = from.r8, to.rax = from.rax, to.rcx = from.rcx;
    to.rdx = from.rdx, to.rsi = from.rsi, to.rdi = from.rdi;
    to.rip = from.rip, to.rsp = from.rsp;
    to.rflags = from.rflags | std::uint64_t{pv::of(vcpu).iopl} << 12;
    to.cs = static_cast<std::uint16_t>(from.cs), to.ss = static_cast<std::uint16_t>(from.ss);
    const Segments& segments = pv::of(vcpu).segments;
    to.ds = segments.ds, to.es = segments.es, to.fs = segments.fs, to.gs = segments.gs;
}

void get_tables(const PvVcpu& pv, vcpu_guest_context& context) {
    context.ldt_base = pv.ldt_base;
    context.ldt_ents = pv.ldt_entries;
    context.gdt_ents = pv.gdt_entries;
    for (std::size_t page = 0; page < pv.gdt_pages(); ++page) context.gdt_frames[page] = pv.gdt_frames[page].raw;
    context.ctrlreg[0] = wanted_cr0 | (pv.fpu_task_switched ? cr0::task_switched : 0);
    context.ctrlreg[1] = pv.user_root == no_mfn ? 0 : xen_pfn_to_cr3(pv.user_root.raw);
    context.ctrlreg[3] = xen_pfn_to_cr3(pv.kernel_root.raw);
    context.ctrlreg[4] = pv.cr4;
}

}  // namespace

void Doors::get_context(const Vcpu& vcpu, vcpu_guest_context& context) {
    const PvVcpu& pv = pv::of(vcpu);
    context = {};
    std::memcpy(&context.fpu_ctxt, pv.fpu.data(), legacy_fpu_bytes);
    context.flags = VGCF_i387_valid | (pv.in_kernel ? VGCF_in_kernel : 0) | (vcpu.unit.is_up() ? VGCF_online : 0) |
                    (pv.failsafe.masks_events ? VGCF_failsafe_disables_events : 0) |
                    (pv.syscall.masks_events ? VGCF_syscall_disables_events : 0);
    get_registers(vcpu, context.user_regs);
    for (std::size_t vector = 0; vector < pv.traps.size(); ++vector)
        context.trap_ctxt[vector] = described(pv.traps[vector], static_cast<std::uint8_t>(vector));
    get_tables(pv, context);
    context.kernel_ss = pv.kernel_ss;
    context.kernel_sp = pv.kernel_sp;
    for (unsigned number = 0; number < 4; ++number) context.debugreg[number] = pv.debug.addresses[number];
    context.debugreg[6] = pv.debug.status;
    context.debugreg[7] = pv.debug.control | pv.debug.on_ports;
    context.event_callback_eip = pv.event.address;
    context.failsafe_callback_eip = pv.failsafe.address;
    context.syscall_callback_eip = pv.syscall.address;
    context.vm_assist = vcpu.domain.assists;
    context.fs_base = pv.segments.fs_base;
    context.gs_base_kernel = pv.segments.gs_base_kernel;
    context.gs_base_user = pv.segments.gs_base_user;
}

}  // namespace basalt::pv
