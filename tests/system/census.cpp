// A program for Dom0: what the hypervisor has given away, exactly. Prints: frames FREE ports OPEN domains LIVING, where
// ports are Dom0's own. Without a C library, as nothing else in Dom0's image needs a compiler.
#include "abi/xen.hpp"
#include "table/call_of.hpp"
#include "table/families.hpp"

#include <array>
#include <cstdint>
#include <string_view>

using namespace std::literals;
namespace rows = basalt::table;

namespace {

enum Call : long { write_call = 1, open_call = 2, ioctl_call = 16, exit_call = 60, mlock_call = 149 };

long call(Call number, long a, long b = 0, long c = 0) {
    long result = number;
    asm volatile("syscall" : "+a"(result) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

void write_text(std::string_view text) {
    call(write_call, 1, reinterpret_cast<long>(text.data()), static_cast<long>(text.size()));
}
void write_number(std::uint64_t value) {
    if (value >= 10) write_number(value / 10);
    const char digit = static_cast<char>('0' + value % 10);
    write_text({&digit, 1});
}
[[noreturn]] void leave(int status) {
    for (;;) call(exit_call, status);
}

// linux/uapi/xen/privcmd.h: the one request of this driver that is needed here, with number and five arguments.
constexpr long privcmd_hypercall = sizeof(rows::Call) << 16 | 'P' << 8;

long driver() {
    static const long file = call(open_call, reinterpret_cast<long>("/dev/xen/privcmd"), 2 /* read and write */);
    return file;
}

template <const rows::Family& family, std::uint32_t command>
long hypercall(auto& structure) {
    const auto request = rows::call_of<family, command>(structure);
    return call(ioctl_call, driver(), privcmd_hypercall, reinterpret_cast<long>(&request));
}

std::uint64_t free_frames() {
    xen_sysctl_t request{};
    if (hypercall<rows::sysctl, XEN_SYSCTL_physinfo>(request) != 0) leave(1);
    return request.u.physinfo.free_pages;
}

std::uint64_t open_ports() {
    std::uint64_t open = 0;
    for (evtchn_port_t port = 0;; ++port) {
        evtchn_status_t status{.dom = DOMID_SELF, .port = port};
        if (hypercall<rows::event_channel_op, EVTCHNOP_status>(status) != 0) return open;
        open += status.status != EVTCHNSTAT_closed;
    }
}

std::uint64_t living_domains() {
    static std::array<xen_domctl_getdomaininfo_t, 64> domains;
    // The hypervisor does not wait for Linux to map a page, and so all of them are made to be there.
    if (call(mlock_call, reinterpret_cast<long>(domains.data()), sizeof domains) != 0) leave(1);
    xen_sysctl_t request{};
    request.u.getdomaininfolist.max_domains = domains.size();
    set_xen_guest_handle(request.u.getdomaininfolist.buffer, domains.data());
    if (hypercall<rows::sysctl, XEN_SYSCTL_getdomaininfolist>(request) != 0) leave(1);
    return request.u.getdomaininfolist.num_domains;
}

}

extern "C" [[noreturn, gnu::used, gnu::visibility("default"), gnu::force_align_arg_pointer]] void _start() {
    write_text("frames "sv);
    write_number(free_frames());
    write_text(" ports "sv);
    write_number(open_ports());
    write_text(" domains "sv);
    write_number(living_domains());
    write_text("\n"sv);
    leave(0);
}
