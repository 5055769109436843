// A list of hypercalls, made in order. Each entry gets its own result; the list itself only fails where it cannot be
// read or written.
#include <array>

#include "domain/vcpu.hpp"
#include "hypercalls/dispatch.hpp"
#include "hypercalls/handlers.hpp"
#include "hypercalls/list_start.hpp"
#include "hypercalls/pause.hpp"

namespace basalt::hypercalls {
namespace {

// A list is in no list, as on Xen.
bool fits_in_list(std::uint64_t number) { return number != __HYPERVISOR_multicall; }

void put_arguments(Registers& call, const multicall_entry_t& entry) {
    call.rdi = entry.args[0];
    call.rsi = entry.args[1];
    call.rdx = entry.args[2];
    call.r10 = entry.args[3];
    call.r8 = entry.args[4];
    call.r9 = entry.args[5];
}

// An entry that is to be resumed goes on from its registers, which become its arguments.
Result<> keep_arguments(GuestPointer<multicall_entry_t> place, multicall_entry_t entry, const Registers& call) {
    entry.args[0] = call.rdi;
    entry.args[1] = call.rsi;
    entry.args[2] = call.rdx;
    entry.args[3] = call.r10;
    entry.args[4] = call.r8;
    entry.args[5] = call.r9;
    return place.write(entry);
}

Result<> put_result(GuestPointer<multicall_entry_t> place, std::uint64_t word) {
    return GuestPointer<xen_ulong_t>(place.address() + offsetof(multicall_entry_t, result)).write(word);
}

}  // namespace

// rdi: entries (multicall_entry_t), rsi: how many. Both are moved on when the call has to be made again.
Ending multicall(Registers& registers) {
    GuestPointer<multicall_entry_t> place(registers.rdi);
    auto left = static_cast<std::uint32_t>(registers.rsi);
    if (const auto start = check_list_start(place.address()); !start) return answer(registers, start);
    Registers call;
    while (left != 0) {
        const auto entry = place.read();
        if (!entry) return answer(registers, refuse(entry.error()));
        if (entry->op == __HYPERVISOR_iret) return iret(registers);   // the guest is elsewhere: nobody waits for the rest
        Ending ending = Ending::returned;
        if (fits_in_list(entry->op)) {
            put_arguments(call, *entry);
            call.rax = entry->op;
            ending = call_once(entry->op, call);
        } else {
            call.rax = static_cast<std::uint64_t>(errno_of(Error::invalid));
        }
        const bool again = ending == Ending::resume;
        const auto kept = again ? keep_arguments(place, *entry, call) : put_result(place, call.rax);
        if (!kept) return answer(registers, kept);
        if (!again) {
            place = place + 1;
            --left;
        }
        if (again || (left != 0 && better_pause())) {
            registers.rdi = place.address();
            registers.rsi = left;
            return Ending::resume;
        }
    }
    return answer(registers, 0);
}

}  // namespace basalt::hypercalls
