#include "paging/descriptor.hpp"

#include "abi/xen.hpp"

namespace basalt::paging {

namespace {
constexpr std::uint64_t present = std::uint64_t{1} << 47;
constexpr std::uint64_t code_or_data = std::uint64_t{1} << 44;
constexpr std::uint64_t privilege = std::uint64_t{3} << 45;
constexpr std::uint64_t type = std::uint64_t{15} << 40;
constexpr std::uint64_t call_gate = std::uint64_t{0xc} << 40;
constexpr std::uint64_t always_zero_in_gate = std::uint64_t{0xff} << 32;
constexpr unsigned selector_at = 16;

constexpr bool is_guests_code(std::uint16_t selector) {
    constexpr std::uint16_t in_ldt = 4;
    return selector >> 3 < FIRST_RESERVED_GDT_ENTRY || (selector & in_ldt) != 0 || selector == FLAT_RING3_CS64;
}

// Kernel and user are both ring 3, where the processor would let either through. At privilege 0 it lets nobody.
std::optional<std::uint64_t> closed_gate(std::uint64_t descriptor) {
    const auto selector = static_cast<std::uint16_t>(descriptor >> selector_at);
    if ((descriptor & always_zero_in_gate) != 0 || !is_guests_code(selector)) return std::nullopt;
    constexpr std::uint64_t ring_3 = std::uint64_t{3} << selector_at;
    return (descriptor & ~privilege) | ring_3;
}
}    // namespace

std::optional<std::uint64_t> permitted_descriptor(std::uint64_t descriptor) {
    if ((descriptor & present) == 0) return descriptor;    // loading it faults
    if ((descriptor & code_or_data) != 0) return descriptor | privilege;
    if ((descriptor & type) == 0) return descriptor | privilege;    // reserved: the upper half of a longer one
    if ((descriptor & type) == call_gate) return closed_gate(descriptor);
    return std::nullopt;
}

}    // namespace basalt::paging
