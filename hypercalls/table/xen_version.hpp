// What the hypervisor is and has (<xen/version.h>).
#pragma once

#include "abi/version.hpp"
#include "abi/xen.hpp"
#include "table/row.hpp"

namespace basalt::table {

inline constexpr Row version_rows[] = {
    {.command = XENVER_version, .name = "version",
     .effect = "tells the version of the interface; on the way back events are looked at, which is what guests call it for",
     .success = "major number in the high 16 bits, minor in the low ones: 0x40011"},
    {.command = XENVER_extraversion, .name = "extraversion",
     .effect = "the text tells what follows the version number",
     .operand = out<xen_extraversion_t>()},
    {.command = XENVER_compile_info, .name = "compile_info",
     .effect = "the texts tell which compiler made the image, and how old its source is",
     .operand = out<xen_compile_info_t>(),
     .fields = {{"compiler", "out"}, {"compile_date", "out: when the source was committed, in UTC"},
                {"compile_by, compile_domain", "out: empty"}},
     .differs = "nothing tells who built the image and when: two builds of one source are the same"},
    {.command = XENVER_capabilities, .name = "capabilities",
     .effect = "the text tells the kinds of guests it runs",
     .operand = out<xen_capabilities_info_t>()},
    {.command = XENVER_changeset, .name = "changeset",
     .effect = "the text tells the source that the image was made from: a version, and git's commit, which is -dirty where files differed",
     .operand = out<xen_changeset_info_t>()},
    {.command = XENVER_platform_parameters, .name = "platform_parameters",
     .effect = "the structure tells the lowest address that is the hypervisor's",
     .operand = out<xen_platform_parameters_t>(),
     .fields = {{"virt_start", "out: 0xffff800000000000"}}},
    {.command = XENVER_get_features, .name = "get_features",
     .effect = "the structure tells the XENFEAT_* of the caller",
     .operand = in_out<xen_feature_info_t>(),
     .fields = {{"submap_idx", "0: there are fewer than 32"}, {"submap", "out: a bit for each"}},
     .refusals = {{Error::invalid, "submap_idx is not 0"}}},
    {.command = XENVER_pagesize, .name = "pagesize",
     .effect = "tells the size of a page",
     .success = "4096, bytes"},
    {.command = XENVER_guest_handle, .name = "guest_handle",
     .effect = "the structure tells the caller's UUID",
     .operand = out<xen_domain_handle_t>()},
    {.command = XENVER_commandline, .name = "commandline",
     .effect = "the text tells the hypervisor's command line; to the unprivileged: <denied>",
     .operand = out<xen_commandline_t>()},
    {.command = XENVER_build_id, .name = "build_id",
     .effect = "the structure tells the image's build id",
     .asker = Asker::privileged,
     .operand = in_out<xen_build_id_t>(),
     .fields = {{"len", "in: bytes that there is room for, 20 or more"}, {"buf", "out: what the linker has made of all it linked"}},
     .success = "20, the bytes of a build id; where the address is 0, that is all that is done",
     .refusals = {{Error::invalid, "len is 0"}, {Error::no_buffers, "len is smaller than the build id"}}},
};

inline constexpr Family xen_version{
    .number = __HYPERVISOR_xen_version, .name = "xen_version",
    .effect = "tell what the hypervisor is and has",
    .guests = Guests::all, .selector = Selector::argument,
    .arguments = {{"command", "XENVER_*"}, {"structure", "the command's"}},
    .rows = version_rows};

}  // namespace basalt::table

namespace basalt::hypercalls {

template <>
Ending hypercall<table::xen_version>(Call);

}   // namespace basalt::hypercalls
