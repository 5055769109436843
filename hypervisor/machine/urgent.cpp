// NMI and #MC come at any instruction: inside any lock, between any two words of any record, on the way out after it has
// looked at the CPU's work. So they take no lock, touch nothing that may fault (an IRET from a fault would let the next
// NMI onto the same stack), and leave what is to be said to before_guest_entry.
#include <algorithm>
#include <span>

#include "debug/panic.hpp"
#include "machine/cpu.hpp"
#include "machine/entry.hpp"
#include "machine/exceptions.hpp"
#include "machine/image.hpp"
#include "machine/kick.hpp"
#include "machine/machine_check.hpp"
#include "machine/nmi.hpp"

extern "C" {
extern const std::byte sleeping[], awake[];   // own_stacks.S
}

namespace basalt {
namespace {

// Made by assembler: `on_guest_stack` of entry_macros.h.
struct Stretch {
    std::uint64_t first, end;
};

}  // namespace
}  // namespace basalt

extern "C" const basalt::Stretch guest_stack_start[], guest_stack_end[];

namespace basalt {
namespace {

// The way back to ring 0 looks at no work, and whoever was interrupted may have looked already: an interrupt comes as
// soon as it may, at the latest when a guest is entered. Where it would come before HLT, there is no HLT any more.
void look_again(Registers& registers) {
    interrupt_self(vector::look_at_work);
    if (registers.rip == address_of(sleeping)) registers.rip = address_of(awake);
}

// Where ring 0 still has, or has already, the guest's RSP, which may be any number.
bool is_on_guest_stack(const Registers& registers) {
    const std::uint64_t at = in_image(registers.rip);
    return std::ranges::any_of(std::span(guest_stack_start, guest_stack_end),
                               [=](const Stretch& stretch) { return at >= stretch.first && at < stretch.end; });
}

bool is_on_stack(const Registers& registers, std::size_t stack_page) {
    const auto stack = address_of(&this_cpu()) + stack_page * page_size;
    return registers.rsp - stack < page_size && !is_on_guest_stack(registers);
}

// Each came to the end of its stack. If it was on that stack already, the frame of the first is lost.
void must_be_the_first(const Registers& registers, std::size_t stack_page) {
    if (is_on_stack(registers, stack_page)) die_of(registers);
}

void note_machine_check(const Registers& registers) {
    if (collect_machine_check(registers) == Consequence::ends_machine)
        die_of(registers, [] { static_cast<void>(tell_machine_checks()); });
    raise_here(Work::machine_check);
}

}  // namespace

void guest_nmi(Registers& registers) { note_nmi(registers); }

void hypervisor_nmi(Registers& registers) {
    must_be_the_first(registers, layout::nmi_stack_page);
    note_nmi(registers);
    look_again(registers);
}

void guest_machine_check(Registers& registers) { note_machine_check(registers); }

void hypervisor_machine_check(Registers& registers) {
    must_be_the_first(registers, layout::machine_check_stack_page);
    note_machine_check(registers);
    look_again(registers);
    if (is_on_stack(registers, layout::nmi_stack_page)) registers.vector = Registers::within_nmi;
}

}  // namespace basalt
