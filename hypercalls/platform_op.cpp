// The machine as a whole, driven by Dom0 (<xen/platform.h>).
#include "abi/errno.hpp"
#include "abi/platform.hpp"
#include "devices/clock.hpp"
#include "devices/firmware.hpp"
#include "devices/shutdown.hpp"
#include "domain/audit.hpp"
#include "hypercalls/commands.hpp"
#include "machine/cpu.hpp"
#include "machine/instructions.hpp"
#include "table/platform_op.hpp"

namespace basalt::hypercalls {
namespace {

using Request = xen_platform_op_t;

Result<> settime64(const Request& request) {
    const auto& time = request.u.settime64;
    if (time.mbz != 0) return refuse(Error::invalid);
    set_wall_clock(time.secs, time.nsecs, Instant(time.system_time));
    return {};
}
Result<> settime32(const Request& request) {
    const auto& time = request.u.settime32;
    set_wall_clock(time.secs, time.nsecs, Instant(time.system_time));
    return {};
}

bool is_present(std::uint32_t cpu) { return cpu < most_cpus && online_cpus().has(CpuId(cpu)); }
std::uint32_t last_present() { return static_cast<std::uint32_t>(online_cpu_count() - 1); }

Result<> get_cpuinfo(Request& request) {
    auto& info = request.u.pcpu_info;
    info.max_present = last_present();
    if (!is_present(info.xen_cpuid)) {
        info.flags = XEN_PCPU_FLAGS_INVALID;
        return {};
    }
    info.flags = XEN_PCPU_FLAGS_ONLINE;
    info.apic_id = cpu_of(CpuId(info.xen_cpuid)).apic_id;
    info.acpi_id = acpi_id_of(info.apic_id).value_or(info.apic_id);
    return {};
}

// All CPUs of a machine are alike: this one speaks for the one asked about.
Result<> get_cpu_version(Request& request) {
    auto& version = request.u.pcpu_version;
    const bool present = is_present(version.xen_cpuid);
    const auto vendor = cpuid(0);
    const auto signature = cpuid(1).eax;
    version = {.xen_cpuid = version.xen_cpuid, .max_present = last_present()};
    if (!present) return {};
    std::uint32_t words[] = {vendor.ebx, vendor.edx, vendor.ecx};
    std::memcpy(version.vendor_id, words, sizeof version.vendor_id);
    const auto family = signature >> 8 & 15;
    version.family = family == 15 ? family + (signature >> 20 & 0xff) : family;
    version.model = (signature >> 4 & 15) | (family == 6 || family == 15 ? signature >> 12 & 0xf0 : 0);
    version.stepping = signature & 15;
    return {};
}

Result<> cpu_online(const Request& request) { return is_present(request.u.cpu_ol.cpuid) ? Result<>() : refuse(Error::invalid); }

// No BIOS call is made on the way up, so its lists of disks and screens are empty.
Result<> firmware_info(Request& request) {
    auto& info = request.u.firmware_info;
    switch (info.type) {
        case XEN_FW_DISK_INFO:
        case XEN_FW_DISK_MBR_SIGNATURE:
        case XEN_FW_VBEDDC_INFO: return refuse(Error::no_such_process);
        case XEN_FW_KBD_SHIFT_FLAGS:
            if (info.index != 0) return refuse(Error::no_such_process);
            info.u.kbd_shift_flags = firmware().keyboard_shift_flags;
            return {};
        case XEN_FW_EFI_INFO: return refuse(Error::not_implemented);
        default: return refuse(Error::invalid);
    }
}

Result<> enter_acpi_sleep(const Request& request) {
    const auto& sleep = request.u.enter_acpi_sleep;
    audit_if_wished();
    return enter_sleep(sleep.sleep_state, sleep.val_a, sleep.val_b, sleep.flags);
}

// Intel SDM volume 3, 12.11.2.3: a variable range's base and mask.
Result<> read_memtype(Request& request) {
    constexpr std::uint32_t capabilities = 0xfe, first_base = 0x200;
    constexpr std::uint64_t valid = 1 << 11;
    auto& range = request.u.read_memtype;
    const auto count = try_read_msr(capabilities).value_or(0) & 0xff;
    if (range.reg >= count) return refuse(Error::invalid);
    const auto base = read_msr(first_base + 2 * range.reg);
    const auto mask = read_msr(first_base + 2 * range.reg + 1);
    range.mfn = mask & valid ? base >> page_shift : 0;
    range.nr_mfns = mask & valid ? mask >> page_shift & (~(mask >> page_shift) + 1) : 0;
    range.type = mask & valid ? static_cast<std::uint32_t>(base & 0xff) : 0;
    return {};
}

// Of the registers that Xen lets tools at, the two others belong to cache monitoring, which is not offered.
std::int32_t access_register(xenpf_resource_entry_t& entry) {
    if (entry.rsvd != 0) return -XEN_EINVAL;
    if (entry.u.cmd != XEN_RESOURCE_OP_MSR_READ && entry.u.cmd != XEN_RESOURCE_OP_MSR_WRITE) return -XEN_EOPNOTSUPP;
    if (entry.idx >> 32 != 0) return -XEN_EINVAL;
    if (entry.idx != msr::tsc || entry.u.cmd == XEN_RESOURCE_OP_MSR_WRITE) return -XEN_EPERM;
    entry.val = system_time().raw;
    return 0;
}

// Every CPU has the same system time, so whichever is asked about need not be asked.
Result<std::int64_t> resource_op(const Request& request) {
    constexpr std::uint32_t most = 3;
    const auto& list = request.u.resource_op;
    if (list.nr_entries == 0) return 0;
    if (list.nr_entries > most) return refuse(Error::invalid);
    std::array<xenpf_resource_entry_t, most> entries;
    const auto asked = std::span(entries).first(list.nr_entries);
    const GuestPointer<xenpf_resource_entry_t> there(list.entries.p);
    TRY(there.read(asked));
    std::int64_t done = 0;
    for (auto& entry : asked) {
        if (const std::int32_t refusal = access_register(entry); refusal != 0) {
            entry.u.ret = refusal;
            break;
        }
        ++done;
    }
    if (!is_present(list.cpu) && done != 0) return refuse(Error::no_device);
    TRY(there.write(asked.first(std::min<std::size_t>(done + 1, asked.size()))));
    return done;
}

constexpr auto commands = bind<table::platform_op>(
    does<XENPF_settime32, settime32>, does<XENPF_settime64, settime64>, does<XENPF_read_memtype, read_memtype>,
    does<XENPF_get_cpu_version, get_cpu_version>, does<XENPF_firmware_info, firmware_info>,
    does<XENPF_enter_acpi_sleep, enter_acpi_sleep>, does<XENPF_get_cpuinfo, get_cpuinfo>, does<XENPF_cpu_online, cpu_online>,
    does<XENPF_resource_op, resource_op>);

}  // namespace

template <>
Ending hypercall<table::platform_op>(Call call) {
    return give_named<Request>(commands, table::platform_op, call);
}

}  // namespace basalt::hypercalls
