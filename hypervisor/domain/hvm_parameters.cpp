#include "domain/hvm_parameters.hpp"

#include <algorithm>

#include "abi/sched.hpp"

namespace basalt {
namespace {

using By = HvmParameters::By;

// What one parameter is. Of those that the interface once had nothing is known to anybody.
struct Kind {
    bool is_there = true;
    bool guest_may_set = false, guest_may_read = false;
    bool once = false;   // when it is not 0, it stays
};

constexpr Kind kind_of(std::uint32_t index) {
    switch (index) {
        case HVM_PARAM_CALLBACK_IRQ:
        case HVM_PARAM_STORE_EVTCHN:
        case HVM_PARAM_CONSOLE_EVTCHN:
        case HVM_PARAM_VM86_TSS:
        case HVM_PARAM_VM86_TSS_SIZED:
        case HVM_PARAM_ACPI_IOPORTS_LOCATION:
        case HVM_PARAM_VM_GENERATION_ID_ADDR:
        case HVM_PARAM_X87_FIP_WIDTH: return {.guest_may_set = true, .guest_may_read = true};
        case HVM_PARAM_STORE_PFN:
        case HVM_PARAM_CONSOLE_PFN: return {.guest_may_read = true};
        case HVM_PARAM_ALTP2M: return {.guest_may_read = true, .once = true};
        case HVM_PARAM_VIRIDIAN:
        case HVM_PARAM_IOREQ_PFN:
        case HVM_PARAM_BUFIOREQ_PFN:
        case HVM_PARAM_IOREQ_SERVER_PFN:
        case HVM_PARAM_NR_IOREQ_SERVER_PAGES:
        case HVM_PARAM_MCA_CAP: return {.once = true};
        case HVM_PARAM_PAE_ENABLED:
        case HVM_PARAM_DM_DOMAIN:
        case HVM_PARAM_MEMORY_EVENT_CR0:
        case HVM_PARAM_MEMORY_EVENT_CR3:
        case HVM_PARAM_MEMORY_EVENT_CR4:
        case HVM_PARAM_MEMORY_EVENT_INT3:
        case HVM_PARAM_NESTEDHVM:
        case HVM_PARAM_MEMORY_EVENT_SINGLE_STEP:
        case HVM_PARAM_BUFIOREQ_EVTCHN:
        case HVM_PARAM_MEMORY_EVENT_MSR: return {.is_there = false};
        default: return {};
    }
}

constexpr unsigned tss_size_shift = 32;   // VM86_TSS_SIZED: an address below, a size above
constexpr std::uint64_t smallest_tss = 104, largest_tss = 104 + 0x100 / 8 + 0x10000 / 8 + 1;

// The largest that is of any use to anybody.
constexpr std::uint64_t with_useful_size(std::uint64_t sized) {
    return (sized & 0xffff'ffff) | std::min(sized >> tss_size_shift, largest_tss) << tss_size_shift;
}

Result<> look_at(std::uint32_t index, std::uint64_t value) {
    const auto only_if = [](bool sound) -> Result<> { return sound ? Result<>{} : refuse(Error::invalid); };
    switch (index) {
        case HVM_PARAM_TIMER_MODE: return only_if(value <= HVMPTM_one_missed_tick_pending);
        case HVM_PARAM_TRIPLE_FAULT_REASON: return only_if(value <= SHUTDOWN_MAX);
        case HVM_PARAM_VM86_TSS: return only_if(value >> tss_size_shift == 0);
        case HVM_PARAM_VM86_TSS_SIZED: return only_if(value >> tss_size_shift >= smallest_tss);
        case HVM_PARAM_ALTP2M: return only_if(value <= XEN_ALTP2M_limited);
        case HVM_PARAM_X87_FIP_WIDTH: return only_if(value == 0 || value == 4 || value == 8);
        case HVM_PARAM_NR_IOREQ_SERVER_PAGES: return only_if(value != 0 && value <= 64);
        case HVM_PARAM_VIRIDIAN:       // what Basalt does not have: another hypervisor's interface,
        case HVM_PARAM_ACPI_S_STATE:   // sleep,
        case HVM_PARAM_MCA_CAP: return only_if(value == 0);   // machine checks for one vcpu alone
        case HVM_PARAM_ACPI_IOPORTS_LOCATION: return refuse(Error::no_device);   // of a timer that none has
        default: return {};
    }
}

}   // namespace

HvmParameters::HvmParameters() { words_[HVM_PARAM_TRIPLE_FAULT_REASON] = SHUTDOWN_reboot; }

Result<> HvmParameters::set(std::uint32_t index, std::uint64_t value, By who) {
    if (index >= count) return refuse(Error::invalid);
    const Kind kind = kind_of(index);
    if (!kind.is_there) return refuse(Error::invalid);
    if (who == By::itself && !kind.guest_may_set) return refuse(Error::not_permitted);
    if (kind.once) {
        const std::uint64_t before = get(index);
        if (before != 0 && before != value) return refuse(Error::exists);
    }
    TRY(look_at(index, value));
    if (index == HVM_PARAM_VM86_TSS)
        index = HVM_PARAM_VM86_TSS_SIZED, value |= value == 0 ? 0 : std::uint64_t{128} << tss_size_shift;
    if (index == HVM_PARAM_VM86_TSS_SIZED) value = with_useful_size(value);
    std::uint64_t unset = 0;
    if (!kind.once)
        words_[index].store(value, std::memory_order_release);
    else if (!words_[index].compare_exchange_strong(unset, value, std::memory_order_acq_rel) && unset != value)
        return refuse(Error::exists);   // somebody else was first
    return {};
}

Result<std::uint64_t> HvmParameters::tell(std::uint32_t index, By who) const {
    if (index >= count) return refuse(Error::invalid);
    const Kind kind = kind_of(index);
    if (!kind.is_there) return refuse(Error::invalid);
    if (who == By::itself && !kind.guest_may_read) return refuse(Error::not_permitted);
    if (index == HVM_PARAM_VM86_TSS) return get(HVM_PARAM_VM86_TSS_SIZED) & 0xffff'ffff;
    return get(index);
}

}   // namespace basalt
