#include "hypercalls/dispatch.hpp"

#include <algorithm>
#include <array>

#include "debug/log.hpp"
#include "domain/domain.hpp"
#include "hypercalls/commands.hpp"
#include "hypercalls/handlers.hpp"
#include "table/families.hpp"

namespace basalt::hypercalls {

void family_used_twice();     // never defined: reaching one while compiling stops the build
void family_is_not_bound();

namespace {

using table::Guests;

struct Entry {
    const Family& family;
    Handler handler;
};

constexpr auto entries = std::to_array<Entry>({
    {table::set_trap_table, Decoded<set_trap_table>::call},
    {table::mmu_update, Decoded<mmu_update>::call},
    {table::set_gdt, Decoded<set_gdt>::call},
    {table::stack_switch, Decoded<stack_switch>::call},
    {table::set_callbacks, Decoded<set_callbacks>::call},
    {table::fpu_taskswitch, Decoded<fpu_taskswitch>::call},
    {table::set_debugreg, Decoded<set_debugreg>::call},
    {table::get_debugreg, Decoded<get_debugreg>::call},
    {table::update_descriptor, Decoded<update_descriptor>::call},
    {table::memory_op, Decoded<memory_op>::call},
    {table::multicall, Decoded<multicall>::call},
    {table::update_va_mapping, Decoded<update_va_mapping>::call},
    {table::set_timer_op, Decoded<set_timer_op>::call},
    {table::xen_version, Decoded<xen_version>::call},
    {table::console_io, Decoded<console_io>::call},
    {table::grant_table_op, Decoded<grant_table_op>::call},
    {table::vm_assist, Decoded<vm_assist>::call},
    {table::update_va_mapping_otherdomain, Decoded<update_va_mapping_otherdomain>::call},
    {table::iret, Decoded<iret>::call},
    {table::vcpu_op, Decoded<vcpu_op>::call},
    {table::set_segment_base, Decoded<set_segment_base>::call},
    {table::mmuext_op, Decoded<mmuext_op>::call},
    {table::nmi_op, Decoded<nmi_op>::call},
    {table::sched_op, Decoded<sched_op>::call},
    {table::callback_op, Decoded<callback_op>::call},
    {table::event_channel_op, Decoded<event_channel_op>::call},
    {table::physdev_op, Decoded<physdev_op>::call},
    {table::platform_op, Decoded<platform_op>::call},
    {table::sysctl, Decoded<sysctl>::call},
    {table::domctl, Decoded<domctl>::call},
    {table::mca, Decoded<mca>::call},
    {table::basalt_op, Decoded<basalt_op>::call},
});

constexpr std::size_t hypercall_slots = 64;

[[gnu::noinline, gnu::cold]] Ending not_implemented(Call call) {
    const std::uint32_t number = call.number();
    const bool is_in_table = std::ranges::contains(table::families, number, &Family::number);
    command_missing("hypercall", number, is_in_table ? Missing::left_out : Missing::unknown);
    return answer(call, refuse(Error::not_implemented));
}

Ending not_permitted(Call call) { return answer(call, refuse(Error::not_permitted)); }

constexpr Handler handler_of(const Family& family) {
    for (const Entry& entry : entries)
        if (&entry.family == &family) return entry.handler;
    return nullptr;
}

// The privileged and the others each have a table of their own: who may call is decided by its slots.
consteval auto calls_for(Guests kind, Asker asker) {
    std::array<Handler, hypercall_slots> slot;
    slot.fill(not_implemented);
    for (const Family* family : table::families) {
        const Handler handler = handler_of(*family);
        if ((handler == nullptr) != family->is_left_out()) family_is_not_bound();
        if (handler == nullptr || (family->guests != kind && family->guests != Guests::all)) continue;
        if (slot[family->number] != not_implemented) family_used_twice();
        const bool refused = family->asker == Asker::privileged && asker == Asker::anyone;
        slot[family->number] = refused ? not_permitted : handler;
    }
    return slot;
}

constexpr auto unprivileged_calls = calls_for(Guests::pv, Asker::anyone);
constexpr auto privileged_calls = calls_for(Guests::pv, Asker::privileged);

constexpr std::uint64_t syscall_length = 2;   // 0f 05

}  // namespace

Ending call_once(std::uint64_t number, Registers& registers) {
    const Call call(registers);
    if (number >= hypercall_slots) return not_implemented(call);
    const auto& calls = caller_is_privileged() ? privileged_calls : unprivileged_calls;
    return calls[number](call);
}

void dispatch(Registers& registers) {
    const std::uint64_t number = registers.rax;
    if (call_once(number, registers) != Ending::resume) return;
    registers.rax = number;
    registers.rip -= syscall_length;
}

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
