#include "paging/descriptor.hpp"

namespace basalt::paging {

namespace {
constexpr std::uint64_t present = std::uint64_t{1} << 47;
constexpr std::uint64_t code_or_data = std::uint64_t{1} << 44;
constexpr std::uint64_t privilege = std::uint64_t{3} << 45;
constexpr std::uint64_t type = std::uint64_t{15} << 40;
}    // namespace

std::optional<std::uint64_t> permitted_descriptor(std::uint64_t descriptor) {
    if ((descriptor & present) == 0) return descriptor;    // loading it faults
    if ((descriptor & code_or_data) != 0) return descriptor | privilege;
    if ((descriptor & type) == 0)
        return descriptor | privilege;    // reserved: the upper half of a longer one
    return std::nullopt;
}

}    // namespace basalt::paging
