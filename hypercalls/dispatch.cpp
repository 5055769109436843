#include "hypercalls/dispatch.hpp"

#include <algorithm>
#include <array>

#include "debug/log.hpp"
#include "domain/domain.hpp"
#include "hypercalls/commands.hpp"
#include "hypercalls/slots.hpp"

namespace basalt::hypercalls {

[[gnu::noinline, gnu::cold]] Ending not_implemented(Call call) {
    const std::uint32_t number = call.number();
    const bool is_in_table = std::ranges::contains(table::families, number, &Family::number);
    command_missing("hypercall", number, is_in_table ? Missing::left_out : Missing::unknown);
    return answer(call, refuse(Error::not_implemented));
}

Ending not_permitted(Call call) { return answer(call, refuse(Error::not_permitted)); }

namespace {

template <GuestKind kind>
const Slots& slots_of(Asker asker) {
    static constexpr Slots of_privileged = slots_for(kind, Asker::privileged, table::Families{});
    static constexpr Slots of_anyone = slots_for(kind, Asker::anyone, table::Families{});
    return asker == Asker::privileged ? of_privileged : of_anyone;
}

const Slots& slots_of_caller() {
    const Asker asker = caller_is_privileged() ? Asker::privileged : Asker::anyone;
    switch (running().kind) {
        case GuestKind::pv: return slots_of<GuestKind::pv>(asker);
        case GuestKind::hvm: return slots_of<GuestKind::hvm>(asker);
    }
    std::unreachable();
}

constexpr std::uint64_t syscall_length = 2;   // 0f 05

}  // namespace

Ending call_once(std::uint64_t number, Registers& registers) {
    const Call call(registers);
    if (number >= hypercall_slots) return not_implemented(call);
    return slots_of_caller()[number](call);
}

void dispatch(Registers& registers) {
    const std::uint64_t number = registers.rax;
    if (call_once(number, registers) != Ending::resume) return;
    registers.rax = number;
    registers.rip -= syscall_length;
}

bool call(std::uint64_t number, Registers& registers) { return call_once(number, registers) != Ending::resume; }

// Logged once a family and command: a guest that asks again and again must not fill the log.
void command_missing(std::string_view family, std::uint32_t command, Missing why) {
    struct Seen {
        const char* family;
        std::uint32_t command;
    };
    static PerCpu<std::array<Seen, 32>> seen;
    for (Seen& entry : seen.here()) {
        if (entry.family == family.data() && entry.command == command) break;
        if (entry.family != nullptr) continue;
        entry = {family.data(), command};
        log(why == Missing::unknown ? Level::info : Level::debug, "d{}: {} command {} is not implemented",
            running().domain.id.raw, family, command);
        break;
    }
}

}  // namespace basalt::hypercalls
