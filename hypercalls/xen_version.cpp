// What the hypervisor is and has (<xen/version.h>). Tools decide by these answers what they may ask.
#include <algorithm>
#include <array>

#include "domain/domain.hpp"
#include "guests/pv/hypervisor_name.hpp"
#include "hypercalls/commands.hpp"
#include "hypercalls/handlers.hpp"
#include "machine/boot_info.hpp"
#include "machine/image.hpp"
#include "table/xen_version.hpp"

namespace basalt::hypercalls {
namespace {

constexpr std::string_view capabilities_text = "xen-3.0-x86_64 ";
constexpr std::string_view denied = "<denied>";

// A text fills its structure to the end; what does not fit is left out.
template <std::size_t size>
Result<std::int64_t> write_text(std::uint64_t to, std::string_view text) {
    std::array<char, size> field{};
    std::ranges::copy(text.substr(0, size - 1), field.begin());
    TRY(GuestPointer<char>(to).write(std::span<const char>(field)));
    return 0;
}

Result<std::int64_t> version() { return reported_version; }
Result<std::int64_t> extraversion(std::uint64_t to) {
    return write_text<sizeof(xen_extraversion_t)>(to, extra_version);
}
Result<std::int64_t> capabilities(std::uint64_t to) {
    return write_text<sizeof(xen_capabilities_info_t)>(to, capabilities_text);
}
Result<std::int64_t> changeset(std::uint64_t to) { return write_text<sizeof(xen_changeset_info_t)>(to, source_name); }
Result<std::int64_t> commandline(std::uint64_t to) {
    return write_text<sizeof(xen_commandline_t)>(to, caller_is_privileged() ? boot_info().command_line : denied);
}

// Who built it would make two builds of one source differ; the date is the source's.
Result<> compile_info(xen_compile_info_t& info) {
    info = {};
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
constexpr std::uint32_t features_of_pv =
    feature(XENFEAT_mmu_pt_update_preserve_ad) | feature(XENFEAT_highmem_assist) | feature(XENFEAT_gnttab_map_avail_bits) |
    feature(XENFEAT_memory_op_vnode_supported) | feature(XENFEAT_direct_mapped);

Result<> get_features(xen_feature_info_t& info) {
    if (info.submap_idx != 0) return refuse(Error::invalid);
    const Domain& domain = running().domain;
    const bool extended_cr3 = (domain.assists.load(std::memory_order_relaxed) >> VMASST_TYPE_pae_extended_cr3 & 1) != 0;
    info.submap = features_of_pv | (domain.privileged ? feature(XENFEAT_dom0) : 0) |
                  (extended_cr3 ? feature(XENFEAT_pae_pgdir_above_4gb) : 0);
    return {};
}

Result<std::int64_t> pagesize() { return page_size; }

Result<std::int64_t> guest_handle(std::uint64_t to) {
    TRY(GuestPointer<std::uint8_t>(to).write(std::span<const std::uint8_t>(running().domain.handle)));
    return 0;
}

// Without an address, only its size is told.
Result<std::int64_t> build_id(std::uint64_t to) {
    const std::span id(image_build_id);
    const GuestPointer<std::uint32_t> room(to);
    if (!room.is_null()) {
        const std::uint32_t bytes = TRY(room.read());
        if (bytes == 0) return refuse(Error::invalid);
        if (bytes < id.size()) return refuse(Error::no_buffers);
        TRY((room + 1).as<std::byte>().write(id));
    }
    return id.size();
}

constexpr auto commands = bind<table::xen_version, ByAddress>({
    does<XENVER_version, version>(),
    does<XENVER_extraversion, extraversion>(),
    does<XENVER_compile_info, compile_info>(),
    does<XENVER_capabilities, capabilities>(),
    does<XENVER_changeset, changeset>(),
    does<XENVER_platform_parameters, platform_parameters>(),
    does<XENVER_get_features, get_features>(),
    does<XENVER_pagesize, pagesize>(),
    does<XENVER_guest_handle, guest_handle>(),
    does<XENVER_commandline, commandline>(),
    does<XENVER_build_id, build_id>(),
});

[[gnu::noinline]] Ending ask_row(Registers& registers, std::uint32_t command) {
    return answer(registers, give(commands, command, registers.rsi));
}

}  // namespace

// rdi: command, rsi: its structure. `version` is also how guests call for nothing but a look at their events.
Ending xen_version(Registers& registers) {
    const auto command = static_cast<std::uint32_t>(registers.rdi);
    if (command == XENVER_version) [[likely]]
        return answer(registers, std::int64_t{reported_version});
    return ask_row(registers, command);
}

}  // namespace basalt::hypercalls
