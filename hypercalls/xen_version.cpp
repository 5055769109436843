// What the hypervisor is and has (<xen/version.h>). Tools decide by these answers what they may ask.
#include <algorithm>
#include <array>

#include "abi/version.hpp"
#include "abi/xen.hpp"
#include "domain/domain.hpp"
#include "guests/policy/hypervisor_name.hpp"
#include "hypercalls/commands.hpp"
#include "machine/boot_info.hpp"
#include "machine/features.hpp"
#include "machine/image.hpp"
#include "table/xen_version.hpp"

namespace basalt::hypercalls {
namespace {

constexpr std::string_view capabilities_text = "xen-3.0-x86_64 ";
constexpr std::string_view with_hardware_assisted = "xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 ";
constexpr std::string_view denied = "<denied>";

// A text's structure holds zeroes to its end; what does not fit is left out.
template <std::size_t size>
Result<> tell(char (&to)[size], std::string_view text) {
    std::ranges::copy(text.substr(0, size - 1), to);
    return {};
}

Result<std::int64_t> version() { return reported_version; }
Result<> extraversion(xen_extraversion_t& to) { return tell(to, extra_version); }
Result<> capabilities(xen_capabilities_info_t& to) {
    return tell(to, features().hardware_guests() ? with_hardware_assisted : capabilities_text);
}
Result<> changeset(xen_changeset_info_t& to) { return tell(to, source_name); }
Result<> commandline(xen_commandline_t& to) { return tell(to, caller_is_privileged() ? boot_info().command_line : denied); }

// Who built it would make two builds of one source differ; the date is the source's.
Result<> compile_info(xen_compile_info_t& info) {
    constexpr std::string_view compiler = "clang " __clang_version__;
    std::ranges::copy(compiler.substr(0, sizeof(info.compiler) - 1), info.compiler);
    std::ranges::copy(std::string_view(source_date), info.compile_date);
    return {};
}

Result<> platform_parameters(xen_platform_parameters_t& parameters) {
    parameters.virt_start = layout::start;
    return {};
}

constexpr std::uint32_t feature(unsigned number) { return std::uint32_t{1} << number; }
constexpr std::uint32_t features_of_pv = feature(XENFEAT_mmu_pt_update_preserve_ad) | feature(XENFEAT_highmem_assist) |
                                         feature(XENFEAT_gnttab_map_avail_bits) | feature(XENFEAT_memory_op_vnode_supported) |
                                         feature(XENFEAT_direct_mapped);
constexpr std::uint32_t features_of_hvm = feature(XENFEAT_memory_op_vnode_supported) | feature(XENFEAT_writable_page_tables) |
                                          feature(XENFEAT_auto_translated_physmap) | feature(XENFEAT_hvm_safe_pvclock) |
                                          feature(XENFEAT_hvm_callback_vector) | feature(XENFEAT_not_direct_mapped);

Result<> get_features(xen_feature_info_t& info) {
    if (info.submap_idx != 0) return refuse(Error::invalid);
    const Domain& domain = running().domain;
    if (domain.kind == GuestKind::hvm) {
        info.submap = features_of_hvm;
        return {};
    }
    const bool extended_cr3 = (domain.assists.load(std::memory_order_relaxed) >> VMASST_TYPE_pae_extended_cr3 & 1) != 0;
    info.submap = features_of_pv | (domain.privileged ? feature(XENFEAT_dom0) : 0) |
                  (extended_cr3 ? feature(XENFEAT_pae_pgdir_above_4gb) : 0);
    return {};
}

Result<std::int64_t> pagesize() { return page_size; }

Result<> guest_handle(xen_domain_handle_t& to) {
    running().domain.handle.with([&](const DomainHandle& handle) { std::ranges::copy(handle, to); });
    return {};
}

// Without an address, only its size is told.
Result<std::int64_t> build_id(GuestPointer<xen_build_id_t> to) {
    const std::span id(image_build_id);
    const auto room = to.as<std::uint32_t>();
    if (!room.is_null()) {
        const std::uint32_t bytes = TRY(room.read());
        if (bytes == 0) return refuse(Error::invalid);
        if (bytes < id.size()) return refuse(Error::no_buffers);
        TRY((room + 1).as<std::byte>().write(id));
    }
    return id.size();
}

constexpr auto commands = bind<table::xen_version>(
    does<XENVER_version, version>, does<XENVER_extraversion, extraversion>, does<XENVER_compile_info, compile_info>,
    does<XENVER_capabilities, capabilities>, does<XENVER_changeset, changeset>,
    does<XENVER_platform_parameters, platform_parameters>, does<XENVER_get_features, get_features>,
    does<XENVER_pagesize, pagesize>, does<XENVER_guest_handle, guest_handle>, does<XENVER_commandline, commandline>,
    does<XENVER_build_id, build_id>);

[[gnu::noinline]] Ending ask_row(Call call, std::uint32_t command) { return give(commands, command, call); }

// `version` is also how guests call for nothing but a look at their events.
Ending xen_version(Call call, std::uint32_t command) {
    if (command == XENVER_version) [[likely]]
        return call.returns(reported_version);
    return ask_row(call, command);
}

}  // namespace

template <>
Ending hypercall<table::xen_version>(Call call) {
    return decoded<xen_version>(call);
}

}  // namespace basalt::hypercalls
