// AMD's SVM on this machine's CPUs: switched on, and the way into a guest and back (svm_enter.S). APM 2, chapter 15.
#pragma once

#include <cstdint>

#include "machine/registers.hpp"
#include "machine/vmcb.hpp"

namespace basalt::svm {

// On every CPU, when what it runs with has been set: its descriptor tables, its system calls. Nothing where SVM is not used.
void switch_on();

// The last thing before a guest is entered here: its translations are tagged so that it finds none that is older than this
// CPU's last flush, nor another guest's. True: it has forgotten all that it knew.
[[nodiscard]] bool tag_translations(Control& control);
// What was owed for that has been done: by the entry, and not by whoever was to be entered and was not.
void guest_was_entered();

extern "C" {
// From svm_enter.S, on the CPU's stack, empty, with interrupts off and NMIs taken. General registers are in the vcpu's
// Registers, but for RAX and RSP, which are in its control block as all the rest of its state is. Supplied by guests/.
void svm_guest_left(Registers&);
// Not a function: whoever runs here is entered.
void enter_svm_guest();
}

}   // namespace basalt::svm
