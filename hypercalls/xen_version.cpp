// What the hypervisor is and has.
#include <algorithm>
#include <array>
#include <string_view>

#include "core/layout.hpp"
#include "domain/domain.hpp"
#include "guests/pv/hypervisor_name.hpp"
#include "hypercalls/handlers.hpp"

namespace basalt::hypercalls {
namespace {

// A text field of the ABI: padded with zeroes, and always ended by one.
template <std::size_t size>
std::array<char, size> padded(std::string_view text) {
    std::array<char, size> field{};
    std::ranges::copy(text.substr(0, size - 1), field.begin());
    return field;
}

template <std::size_t size>
Result<std::int64_t> tell(std::uint64_t argument, std::string_view text) {
    TRY((GuestPointer<std::array<char, size>>(argument).write(padded<size>(text))));
    return 0;
}

Result<std::int64_t> tell_compile_info(std::uint64_t argument) {
    xen_compile_info info{};
    std::ranges::copy(std::string_view("clang " __clang_version__).substr(0, sizeof(info.compiler) - 1), info.compiler);
    TRY(GuestPointer<xen_compile_info>(argument).write(info));
    return 0;
}

std::uint32_t features_of(const Domain& domain) {
    const bool extended_cr3 = (domain.assists.load(std::memory_order_relaxed) >> VMASST_TYPE_pae_extended_cr3 & 1) != 0;
    return std::uint32_t{1} << XENFEAT_mmu_pt_update_preserve_ad | std::uint32_t{1} << XENFEAT_highmem_assist |
           std::uint32_t{1} << XENFEAT_gnttab_map_avail_bits | std::uint32_t{1} << XENFEAT_linux_rsdp_unrestricted |
           std::uint32_t{extended_cr3} << XENFEAT_pae_pgdir_above_4gb |
           std::uint32_t{domain.privileged} << XENFEAT_dom0;
}

Result<std::int64_t> tell_features(std::uint64_t argument) {
    const GuestPointer<xen_feature_info> pointer(argument);
    xen_feature_info info = TRY(pointer.read());
    if (info.submap_idx != 0) return refuse(Error::invalid);
    info.submap = features_of(running().domain);
    TRY(pointer.write(info));
    return 0;
}

Result<std::int64_t> tell_parameters(std::uint64_t argument) {
    TRY(GuestPointer<xen_platform_parameters>(argument).write({layout::guest_m2p}));
    return 0;
}

}  // namespace

Result<std::int64_t> xen_version(std::uint32_t command, std::uint64_t argument) {
    const bool privileged = running().domain.privileged;
    switch (command) {
        case XENVER_version: return reported_version;
        case XENVER_extraversion: return tell<XEN_EXTRAVERSION_LEN>(argument, extra_version);
        case XENVER_compile_info: return tell_compile_info(argument);
        case XENVER_capabilities: return tell<XEN_CAPABILITIES_INFO_LEN>(argument, "xen-3.0-x86_64 ");
        case XENVER_changeset: return tell<XEN_CHANGESET_INFO_LEN>(argument, basalt_version_text);
        case XENVER_platform_parameters: return tell_parameters(argument);
        case XENVER_get_features: return tell_features(argument);
        case XENVER_pagesize: return page_size;
        case XENVER_guest_handle: return tell<sizeof(xen_domain_handle_t)>(argument, "");
        case XENVER_commandline: return tell<sizeof(xen_commandline_t)>(argument, privileged ? "" : "<denied>");
        case XENVER_build_id: return refuse(privileged ? Error::no_data : Error::not_permitted);
        default: return refuse(Error::not_implemented);
    }
}

}  // namespace basalt::hypercalls
