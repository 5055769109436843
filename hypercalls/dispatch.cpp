#include "hypercalls/dispatch.hpp"

#include "debug/log.hpp"
#include "domain/domain.hpp"
#include "hypercalls/table.hpp"

namespace basalt::hypercalls {
namespace {

Ending not_implemented(Registers& registers) {
    return answer(registers, refuse(Error::not_implemented));
}

Ending not_permitted(Registers& registers) {
    return answer(registers, refuse(Error::not_permitted));
}

// The privileged and the others each have a table of their own: who may call is decided by its slots.
consteval auto calls_for(Guests kind, Asker asker) {
    std::array<Handler, hypercall_slots> slot;
    slot.fill(not_implemented);
    for (const Hypercall& call : hypercalls) {
        if (call.guests != kind && call.guests != Guests::all) continue;
        if (slot[call.number] != not_implemented) hypercall_number_used_twice();
        slot[call.number] = call.asker == Asker::privileged && asker == Asker::anyone ? not_permitted : call.handler;
    }
    return slot;
}

constexpr auto unprivileged_calls = calls_for(Guests::pv, Asker::anyone);
constexpr auto privileged_calls = calls_for(Guests::pv, Asker::privileged);

constexpr std::uint64_t syscall_length = 2;   // 0f 05

}  // namespace

Ending call_once(std::uint64_t number, Registers& registers) {
    if (number >= hypercall_slots) return not_implemented(registers);
    const auto& calls = caller_is_privileged() ? privileged_calls : unprivileged_calls;
    return calls[number](registers);
}

void dispatch(Registers& registers) {
    const std::uint64_t number = registers.rax;
    if (call_once(number, registers) != Ending::resume) return;
    registers.rax = number;
    registers.rip -= syscall_length;
}

bool caller_is_privileged() { return running().domain.privileged; }

// Logged once a family and command: a guest that asks again and again must not fill the log.
Result<std::int64_t> subcall_unknown(std::string_view family, std::uint32_t command) {
    struct Seen {
        const char* family;
        std::uint32_t command;
    };
    static PerCpu<std::array<Seen, 32>> seen;
    for (Seen& entry : seen.here()) {
        if (entry.family == family.data() && entry.command == command) break;
        if (entry.family != nullptr) continue;
        entry = {family.data(), command};
        log(Level::info, "d{}: {} command {} is not implemented", running().domain.id.raw, family, command);
        break;
    }
    return refuse(Error::not_implemented);
}

}  // namespace basalt::hypercalls
