#include "machine/vmx.hpp"

#include <optional>

#include "core/assert.hpp"
#include "debug/log.hpp"
#include "machine/cpu.hpp"
#include "machine/features.hpp"
#include "machine/instructions.hpp"
#include "machine/page_tables.hpp"

namespace basalt::vmx {
namespace {

// SDM 3D appendix A; SDM 4.
namespace number {
constexpr std::uint32_t feature_control = 0x3a, basic = 0x480, secondary = 0x48b, nested = 0x48c;
constexpr std::uint32_t true_pin = 0x48d, true_primary = 0x48e, true_exit = 0x48f, true_entry = 0x490;
}   // namespace number

constexpr std::uint64_t locked = 1 << 0, vmxon_outside_smx = 1 << 2;

// The low half of such a register has the bits that must be set, the high half those that may be.
std::optional<std::uint32_t> adjusted(std::uint32_t msr, std::uint32_t wanted, std::uint32_t unwanted = 0) {
    const std::uint64_t told = try_read_msr(msr).value_or(0);
    const std::uint32_t word = (wanted | static_cast<std::uint32_t>(told)) & static_cast<std::uint32_t>(told >> 32);
    return (word & wanted) == wanted && (word & unwanted) == 0 ? std::optional(word) : std::nullopt;
}

// SDM 3C 24.6.1 to 24.8.1. What must not be set would be an exit for each access to CR3.
std::optional<Controls> find_controls(bool has_rdtscp) {
    constexpr std::uint32_t interrupts = 1 << 0, nmis = 1 << 3, virtual_nmis = 1 << 5;
    constexpr std::uint32_t cr3_accesses = 3 << 15;
    constexpr std::uint32_t of_processor = primary::hlt | primary::mwait | primary::rdpmc | primary::cr8_load |
                                           primary::cr8_store | primary::port_maps | primary::msr_map | primary::monitor |
                                           primary::secondary;
    constexpr std::uint32_t nested_tables = 1 << 1, rdtscp = 1 << 3, vpid = 1 << 5, wbinvd = 1 << 6, unrestricted = 1 << 7;
    constexpr std::uint32_t save_debug = 1 << 2, to_64_bits = 1 << 9, save_pat = 1 << 18, load_pat = 1 << 19,
                            save_efer = 1 << 20, load_efer = 1 << 21;
    const auto pin = adjusted(number::true_pin, interrupts | nmis | virtual_nmis);
    const auto processor = adjusted(number::true_primary, of_processor, cr3_accesses);
    if (!pin || !processor) return std::nullopt;
    const auto more = adjusted(number::secondary, nested_tables | vpid | wbinvd | unrestricted | (has_rdtscp ? rdtscp : 0));
    const auto exit = adjusted(number::true_exit, save_debug | to_64_bits | save_pat | load_pat | save_efer | load_efer);
    const auto entry = adjusted(number::true_entry, entry::debug | entry::page_attributes | entry::efer);
    if (!more || !exit || !entry) return std::nullopt;
    return Controls{*pin, *processor, *more, *exit, *entry};
}

bool has_nested_tables() {
    constexpr std::uint64_t four_levels = 1 << 6, write_back = 1 << 14, invept = 1 << 20, all_contexts = 1 << 26;
    constexpr std::uint64_t needed = four_levels | write_back | invept | all_contexts;
    return (try_read_msr(number::nested).value_or(0) & needed) == needed;
}

// Firmware that has not locked its choice has left it to us.
bool allowed_here() {
    const auto found = try_read_msr(number::feature_control);
    if (!found) return false;
    if ((*found & locked) == 0) return try_write_msr(number::feature_control, *found | locked | vmxon_outside_smx);
    return (*found & vmxon_outside_smx) != 0;
}

}   // namespace

// SDM 3D A.1: bit 55, that the control words can be asked for what they really need.
Capabilities capabilities(bool wanted, bool has_rdtscp) {
    if (!wanted) return {};
    if (!allowed_here()) {
        log(Level::warning, "hardware-assisted guests: the firmware has switched VMX off");
        return {};
    }
    const std::uint64_t basic = try_read_msr(number::basic).value_or(0);
    const auto controls = (basic >> 55 & 1) != 0 && has_nested_tables() ? find_controls(has_rdtscp) : std::nullopt;
    if (!controls) {
        log(Level::info, "hardware-assisted guests: this CPU's VMX has no nested tables (EPT), or no unrestricted guests");
        return {};
    }
    return {.used = true, .revision = static_cast<std::uint32_t>(basic) & 0x7fff'ffff, .controls = *controls};
}

// SDM 3C 23.7. CR4.VMXE is set, as CR4 is wanted; CR0 has what VMX fixes.
void switch_on() {
    const Capabilities& vmx = features().vmx_guests;
    if (!vmx.used) return;
    const auto region = frame_for_tables();
    ASSERT(region && allowed_here());
    *static_cast<std::uint32_t*>(layout::direct(*region)) = vmx.revision;
    const std::uint64_t address = physical_of(*region);
    bool failed;
    asm volatile("vmxon %1; setbe %0" : "=qm"(failed) : "m"(address) : "cc", "memory");
    ASSERT(!failed);
    this_cpu().nested_stale = true;
}

}   // namespace basalt::vmx
