#include "abi/grant_table.hpp"
#include "manual/manual.hpp"

namespace basalt::manual {
namespace {

struct Named {
    int number;
    const char* name;
};

// <xen/errno.h> gives its list to whoever defines the macro.
constexpr Named errors[] = {
#define XEN_ERRNO(name, value) {value, #name},
#include <xen/errno.h>
};

// clang-format off: a table
constexpr Named statuses[] = {
    {GNTST_general_error, "GNTST_general_error"}, {GNTST_bad_domain, "GNTST_bad_domain"},
    {GNTST_bad_gntref, "GNTST_bad_gntref"}, {GNTST_bad_handle, "GNTST_bad_handle"},
    {GNTST_bad_virt_addr, "GNTST_bad_virt_addr"}, {GNTST_bad_dev_addr, "GNTST_bad_dev_addr"},
    {GNTST_no_device_space, "GNTST_no_device_space"}, {GNTST_permission_denied, "GNTST_permission_denied"},
    {GNTST_bad_page, "GNTST_bad_page"}, {GNTST_bad_copy_arg, "GNTST_bad_copy_arg"},
    {GNTST_address_too_big, "GNTST_address_too_big"}, {GNTST_eagain, "GNTST_eagain"}, {GNTST_no_space, "GNTST_no_space"},
};
// clang-format on

}  // namespace

std::string text_of(table::Answer answer) {
    if (answer.is_grant_status) {
        for (const Named& status : statuses)
            if (status.number == answer.number) return status.name;
    } else {
        for (const Named& error : errors)
            if (error.number == -answer.number) return std::string("-") + error.name;
    }
    return std::to_string(answer.number);
}

}  // namespace basalt::manual
