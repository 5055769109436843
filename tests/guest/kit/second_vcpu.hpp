// A second vcpu that does what it is told, one function at a time, with events shut out. It shares the kit's page
// tables; an exception on it is nobody's, so its work must not provoke any.
#pragma once

#include "hypercall.hpp"

namespace kit {

using Work = void (*)();

// A context for vcpu 1 in which it waits for work.
vcpu_guest_context_t& second_vcpu_context();

// Hands over work; `finish` waits until it is done. Waiting yields, so both vcpus may share one CPU.
void begin_on_second(Work work);
bool second_is_busy();
void finish_on_second();
void run_on_second(Work work);

}
