// Where a PV guest's kernel wants to be entered.
#include "guests/pv/traps.hpp"

#include "abi/callback.hpp"
#include "abi/nmi.hpp"
#include "abi/xen.hpp"
#include "domain/domain.hpp"
#include "domain/run.hpp"
#include "hypercalls/commands.hpp"
#include "machine/flush.hpp"
#include "table/entries.hpp"

namespace basalt::hypercalls {
namespace {

using pv::EntryFor;
using pv::may_be_entered;

// What came before there was a handler is told now.
Result<> set_nmi_handler(std::uint64_t address) {
    Vcpu& vcpu = running();
    if (!may_be_entered(address)) return refuse(Error::invalid);
    pv::set_nmi_gate(vcpu, address);
    if (vcpu.id.raw == 0 && vcpu.domain.shared_info->arch.nmi_reason != 0) raise_nmi(vcpu);
    return {};
}
Result<> unset_nmi_handler() {
    pv::clear_nmi_gate(running());
    return {};
}

Result<> register_callback(const callback_register& request) {
    if (!may_be_entered(request.address)) return refuse(Error::invalid);
    const auto enter_for = [&](EntryFor what) -> Result<> {
        pv::set_callback(running(), what, request.address, (request.flags & CALLBACKF_mask_events) != 0);
        return {};
    };
    switch (request.type) {
        case CALLBACKTYPE_event: return enter_for(EntryFor::event);
        case CALLBACKTYPE_failsafe: return enter_for(EntryFor::failsafe);
        case CALLBACKTYPE_syscall: return enter_for(EntryFor::system_call);
        case CALLBACKTYPE_syscall32: return enter_for(EntryFor::compatible_system_call);
        case CALLBACKTYPE_nmi: return set_nmi_handler(request.address);
        case CALLBACKTYPE_sysenter: return {};   // no CPUID policy offers SYSENTER, so nothing ever arrives there
        default: return refuse(Error::not_implemented);
    }
}

Result<> unregister_callback(const callback_unregister& request) {
    switch (request.type) {
        case CALLBACKTYPE_nmi: return unset_nmi_handler();
        case CALLBACKTYPE_event:
        case CALLBACKTYPE_failsafe:
        case CALLBACKTYPE_syscall:
        case CALLBACKTYPE_sysenter:
        case CALLBACKTYPE_syscall32: return refuse(Error::invalid);
        default: return refuse(Error::not_implemented);
    }
}

Result<> register_nmi_handler(const xennmi_callback& request) { return set_nmi_handler(request.handler_address); }

Result<std::uint64_t> assist(std::uint32_t type) {
    constexpr std::uint64_t permitted_to_hvm = std::uint64_t{1} << VMASST_TYPE_runstate_update_flag;
    const std::uint64_t permitted = running().kind == GuestKind::pv ? pv::permitted_assists : permitted_to_hvm;
    if (type >= 64 || (permitted >> type & 1) == 0) return refuse(Error::invalid);
    return std::uint64_t{1} << type;
}
Result<> enable_assist(std::uint32_t type) {
    running().domain.assists |= TRY(assist(type));
    return {};
}
Result<> disable_assist(std::uint32_t type) {
    running().domain.assists &= ~TRY(assist(type));
    return {};
}

constexpr auto callback_commands =
    bind<table::callback_op>(does<CALLBACKOP_register, register_callback>, does<CALLBACKOP_unregister, unregister_callback>);
constexpr auto nmi_commands = bind<table::nmi_op>(does<XENNMI_register_callback, register_nmi_handler>,
                                                  does<XENNMI_unregister_callback, unset_nmi_handler>);
constexpr auto assist_commands =
    bind<table::vm_assist>(does<VMASST_CMD_enable, enable_assist>, does<VMASST_CMD_disable, disable_assist>);

constexpr unsigned longest_trap_table = 4096;   // 256 gates are all there are; Xen reads on for as long as it takes

// rdi: gates, ended by one with address 0. Null: all gates are cleared. Gates before a bad one stay set.
Result<> set_trap_table(GuestPointer<trap_info_t> table) {
    if (table.is_null()) {
        pv::clear_gates(running());
        return {};
    }
    for (unsigned read = 0; read < longest_trap_table; ++read, table = table + 1) {
        const trap_info_t trap = TRY(table.read());
        if (trap.address == 0) return {};
        if (!may_be_entered(trap.address)) return refuse(Error::invalid);
        pv::set_gate(running(), trap);
    }
    return refuse(Error::too_big);
}

// rdi: ss, rsi: rsp, where exceptions out of user mode arrive.
Result<> stack_switch(std::uint64_t selector, std::uint64_t pointer) {
    pv::set_kernel_stack(running(), selector, pointer);
    return {};
}

Result<> set_callbacks(std::uint64_t event, std::uint64_t failsafe, std::uint64_t system_call) {
    Vcpu& vcpu = running();
    if (may_be_entered(event)) pv::set_callback(vcpu, EntryFor::event, event, true);
    if (may_be_entered(failsafe)) pv::set_callback(vcpu, EntryFor::failsafe, failsafe, false);
    if (may_be_entered(system_call)) pv::set_callback(vcpu, EntryFor::system_call, system_call, false);
    return {};
}

}   // namespace

template <>
Ending hypercall<table::set_trap_table>(Call call) {
    return decoded<set_trap_table>(call);
}
template <>
Ending hypercall<table::stack_switch>(Call call) {
    return decoded<stack_switch>(call);
}
template <>
Ending hypercall<table::set_callbacks>(Call call) {
    return decoded<set_callbacks>(call);
}
template <>
Ending hypercall<table::callback_op>(Call call) {
    return give(callback_commands, call);
}
template <>
Ending hypercall<table::nmi_op>(Call call) {
    return give(nmi_commands, call);
}
template <>
Ending hypercall<table::vm_assist>(Call call) {
    return give(assist_commands, call);
}

}  // namespace basalt::hypercalls
