// The vcpu's FPU, debug registers and way back, as its kernel sets them.
#include "domain/vcpu.hpp"
#include "guests/pv/debug_registers.hpp"
#include "guests/pv/fpu_use.hpp"
#include "guests/pv/return_from_kernel.hpp"
#include "hypercalls/call.hpp"
#include "table/entries.hpp"

namespace basalt::hypercalls {
namespace {

Result<> fpu_taskswitch(std::uint32_t set) {
    pv::set_guest_task_switched(set != 0);
    return {};
}

Result<> set_debugreg(std::uint32_t number, std::uint64_t value) { return pv::write_debug_register(number, value); }

Result<std::uint64_t> get_debugreg(std::uint32_t number) { return pv::read_debug_register(running(), number); }

Ending iret() {
    pv::return_from_kernel(running());
    return Ending::replaced;
}

}   // namespace

template <>
Ending hypercall<table::fpu_taskswitch>(Call call) {
    return decoded<fpu_taskswitch>(call);
}
template <>
Ending hypercall<table::set_debugreg>(Call call) {
    return decoded<set_debugreg>(call);
}
template <>
Ending hypercall<table::get_debugreg>(Call call) {
    return decoded<get_debugreg>(call);
}
template <>
Ending hypercall<table::iret>(Call call) {
    return decoded<iret>(call);
}

}  // namespace basalt::hypercalls
