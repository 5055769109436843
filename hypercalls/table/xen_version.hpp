// What the hypervisor is and has (<xen/version.h>).
#pragma once

#include "table/row.hpp"

namespace basalt::table {

inline constexpr Row version_rows[] = {
    {.command = XENVER_version, .name = "version",
     .effect = "tells the version of the interface; on the way back events are looked at, which is what guests call it for",
     .success = "0x40011: 4.17"},
    {.command = XENVER_extraversion, .name = "extraversion",
     .effect = "what follows the version number",
     .operand = out<xen_extraversion_t>()},
    {.command = XENVER_compile_info, .name = "compile_info",
     .effect = "which compiler made it",
     .operand = out<xen_compile_info_t>()},
    {.command = XENVER_capabilities, .name = "capabilities",
     .effect = "the kinds of guests it runs",
     .operand = out<xen_capabilities_info_t>()},
    {.command = XENVER_changeset, .name = "changeset",
     .effect = "the source it was made from",
     .operand = out<xen_changeset_info_t>()},
    {.command = XENVER_platform_parameters, .name = "platform_parameters",
     .effect = "the lowest address that is the hypervisor's",
     .operand = out<xen_platform_parameters_t>()},
    {.command = XENVER_get_features, .name = "get_features",
     .effect = "XENFEAT_* bits of the domain",
     .operand = in_out<xen_feature_info_t>()},
    {.command = XENVER_pagesize, .name = "pagesize",
     .effect = "bytes in a page",
     .success = "4096"},
    {.command = XENVER_guest_handle, .name = "guest_handle",
     .effect = "the domain's UUID",
     .operand = out<xen_domain_handle_t>()},
    {.command = XENVER_commandline, .name = "commandline",
     .effect = "what the loader said; to others than Dom0, nothing",
     .operand = out<xen_commandline_t>()},
    {.command = XENVER_build_id, .name = "build_id",
     .effect = "the image's build id",
     .asker = Asker::privileged,
     .operand = in<xen_build_id_t>()},
};

inline constexpr Family xen_version{
    .number = __HYPERVISOR_xen_version, .name = "xen_version",
    .effect = "tell what the hypervisor is and has",
    .guests = Guests::all, .selector = Selector::argument,
    .arguments = {{"command", "XENVER_*"}, {"structure", "the command's"}},
    .rows = version_rows};

}  // namespace basalt::table
