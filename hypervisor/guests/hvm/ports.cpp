// Ports: nothing is behind them, but for the line on which a guest may say something.
#include "guests/hvm/exits.hpp"

namespace basalt::hvm {
namespace {

// APM 2 15.10.2: exit_info_1.
struct Access {
    std::uint64_t word;
    bool reads() const { return (word & 1) != 0; }
    bool is_string() const { return (word & 1 << 2) != 0; }
    unsigned width() const { return static_cast<unsigned>(word >> 4 & 7); }
    std::uint16_t port() const { return static_cast<std::uint16_t>(word >> 16); }
};

constexpr std::uint64_t all_ones(unsigned width) { return ~std::uint64_t{0} >> (64 - 8 * width); }

}   // namespace

// The processor tells where the next instruction begins, of these always.
void port_exit(HvmVcpu& vcpu) {
    const Access access{vcpu.exit().info_1};
    stepped_to(vcpu, vcpu.exit().info_2);
    if (!access.reads() || access.is_string()) return;
    std::uint64_t& rax = vcpu.registers.rax;
    const std::uint64_t read = all_ones(access.width());
    rax = access.width() == 4 ? read : (rax & ~read) | read;
}

}   // namespace basalt::hvm
