// Where a PV guest's kernel wants to be entered.
#include "guests/pv/traps.hpp"

#include "domain/domain.hpp"
#include "hypercalls/handlers.hpp"
#include "machine/flush.hpp"

namespace basalt::hypercalls {
namespace {

using pv::may_be_entered;

Result<> register_callback(PvVcpu& pv, const callback_register& request) {
    if (!may_be_entered(request.address)) return refuse(Error::invalid);
    const Callback callback{request.address, (request.flags & CALLBACKF_mask_events) != 0};
    switch (request.type) {
        case CALLBACKTYPE_event: pv.event = callback; return {};
        case CALLBACKTYPE_failsafe: pv.failsafe = callback; return {};
        case CALLBACKTYPE_syscall: pv.syscall = callback; return {};
        case CALLBACKTYPE_syscall32: pv.syscall32 = callback; return {};
        case CALLBACKTYPE_nmi: pv.nmi = callback; return {};
        default: return refuse(Error::not_implemented);   // SYSENTER among them: kernels then use `int 0x80`
    }
}

Result<> unregister_callback(PvVcpu& pv, const callback_unregister& request) {
    switch (request.type) {
        case CALLBACKTYPE_nmi: pv.nmi = {}; return {};
        case CALLBACKTYPE_event:
        case CALLBACKTYPE_failsafe:
        case CALLBACKTYPE_syscall:
        case CALLBACKTYPE_syscall32: return refuse(Error::invalid);
        default: return refuse(Error::not_implemented);
    }
}

}  // namespace

constexpr unsigned longest_trap_table = 4096;   // 256 gates are all there are; Xen reads on for as long as it takes

// rdi: gates, ended by one with address 0. Null: all gates are cleared. Gates before a bad one stay set.
Result<> set_trap_table(GuestPointer<trap_info_t> table) {
    auto& traps = running().pv.traps;
    if (table.is_null()) {
        traps.fill({});
        return {};
    }
    for (unsigned read = 0; read < longest_trap_table; ++read, table = table + 1) {
        const trap_info_t trap = TRY(table.read());
        if (trap.address == 0) return {};
        if (!may_be_entered(trap.address)) return refuse(Error::invalid);
        traps[trap.vector] = pv::gate_of(trap);
    }
    return refuse(Error::too_big);
}

// rdi: ss, rsi: rsp, where exceptions out of user mode arrive.
Result<> stack_switch(std::uint64_t selector, std::uint64_t pointer) {
    PvVcpu& pv = running().pv;
    pv.kernel_ss = static_cast<std::uint16_t>(selector | 3);
    pv.kernel_sp = pointer;
    return {};
}

Result<> set_callbacks(std::uint64_t event, std::uint64_t failsafe, std::uint64_t system_call) {
    PvVcpu& pv = running().pv;
    for (const auto address : {event, failsafe, system_call})
        if (!may_be_entered(address)) return refuse(Error::invalid);
    pv.event = {event, true};
    pv.failsafe = {failsafe, false};
    pv.syscall = {system_call, false};
    return {};
}

Result<> callback_op(std::uint32_t command, std::uint64_t argument) {
    PvVcpu& pv = running().pv;
    switch (command) {
        case CALLBACKOP_register:
            return register_callback(pv, TRY(GuestPointer<callback_register>(argument).read()));
        case CALLBACKOP_unregister:
            return unregister_callback(pv, TRY(GuestPointer<callback_unregister>(argument).read()));
        default: return refuse(Error::not_implemented);
    }
}

// NMIs are never sent to guests; the handler is kept for whoever asks.
Result<> nmi_op(std::uint32_t command, std::uint64_t argument) {
    Vcpu& vcpu = running();
    switch (command) {
        case XENNMI_register_callback: {
            const auto request = TRY(GuestPointer<xennmi_callback>(argument).read());
            if (!vcpu.domain.privileged || vcpu.id.raw != 0 || !may_be_entered(request.handler_address))
                return refuse(Error::invalid);
            vcpu.pv.nmi = {request.handler_address, true};
            return {};
        }
        case XENNMI_unregister_callback: vcpu.pv.nmi = {}; return {};
        default: return refuse(Error::not_implemented);
    }
}

Result<> vm_assist(std::uint32_t command, std::uint32_t type) {
    auto& assists = running().domain.assists;
    if (type >= 64 || (pv::permitted_assists >> type & 1) == 0) return refuse(Error::invalid);
    const std::uint64_t bit = std::uint64_t{1} << type;
    switch (command) {
        case VMASST_CMD_enable: assists |= bit; return {};
        case VMASST_CMD_disable: assists &= ~bit; return {};
        default: return refuse(Error::not_implemented);
    }
}

}  // namespace basalt::hypercalls
