// A list of hypercalls, made in order. Each entry gets its own result; the list itself only fails where it cannot be
// read or written.
#include <algorithm>

#include "abi/xen.hpp"
#include "hypercalls/dispatch.hpp"
#include "hypercalls/list.hpp"
#include "table/entries.hpp"

namespace basalt::hypercalls {
namespace {

// A list is in no list, as on Xen.
bool fits_in_list(std::uint64_t number) { return number != __HYPERVISOR_multicall; }

// An entry that is to be resumed goes on from its registers, which become its arguments.
Result<> keep_arguments(GuestPointer<multicall_entry_t> place, multicall_entry_t entry, const Call::Arguments& arguments) {
    std::ranges::copy(arguments, entry.args);
    return place.write(entry);
}

Result<> put_result(GuestPointer<multicall_entry_t> place, std::uint64_t word) {
    return GuestPointer<xen_ulong_t>(place.address() + offsetof(multicall_entry_t, result)).write(word);
}

Step<> make(GuestPointer<multicall_entry_t> place, const multicall_entry_t& entry, Registers& registers) {
    registers.rax = static_cast<std::uint64_t>(errno_of(Error::invalid));
    if (fits_in_list(entry.op)) {
        const Call call(registers);
        call.set_arguments(entry.args);
        registers.rax = entry.op;
        if (call_once(entry.op, registers) == Ending::resume) {
            const auto kept = keep_arguments(place, entry, call.arguments());
            return kept ? Step<>(Again{}) : refuse(kept.error());
        }
    }
    return step_of(put_result(place, registers.rax));
}

Ending multicall(Call call, List<multicall_entry_t> list) {
    if (const auto start = list.check_start(); !start) return answer(call, start);
    bool returns = false;
    Registers registers;   // one for all: the compiler clears it where it begins
    const auto make_one = [&](GuestPointer<multicall_entry_t> place, std::uint32_t) -> Step<> {
        const auto entry = place.read();
        if (!entry) return refuse(entry.error());
        returns = entry->op == __HYPERVISOR_iret;
        return returns ? refuse(Error::invalid) : make(place, *entry, registers);
    };
    const Step<> step = list.in_order(1, make_one, better_pause);
    // After an iret the guest is elsewhere: nobody waits for the rest.
    return returns ? hypercall<table::iret>(call) : answer(call, step);
}

}   // namespace

template <>
Ending hypercall<table::multicall>(Call call) {
    return decoded<multicall>(call);
}

}  // namespace basalt::hypercalls
