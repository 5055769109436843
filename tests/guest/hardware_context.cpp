// RUN: %boot-guest --options hvm=yes | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// The records by which tools learn and set what a hardware-assisted guest consists of.
#include "kit/case.hpp"
#include "kit/listed_acts.hpp"
#include "kit/small_domain.hpp"

#include <cstring>

namespace kit {
namespace {

constexpr std::uint16_t header_type = HVM_SAVE_CODE(HEADER), cpu_type = HVM_SAVE_CODE(CPU), mtrr_type = HVM_SAVE_CODE(MTRR);
constexpr std::uint64_t ranges_count = 0x800, write_back = 6;

std::byte room[16384];

// What the domain's records are; empty after a refusal, which is a failure.
std::span<std::byte> records_of(const HardwareDomain& domain, std::source_location where = std::source_location::current()) {
    std::size_t size = 0;
    if (!expect_equal(get_records(domain.id, room, size), 0, where)) return {};
    return std::span(room).first(size);
}

template <typename Body>
Body body_of(std::span<std::byte> records, std::uint16_t type, std::source_location where = std::source_location::current()) {
    Body body{};
    const auto found = find_record(records, type);
    if (expect_equal(found.size(), sizeof(body), where)) memcpy(static_cast<void*>(&body), found.data(), sizeof(body));
    return body;
}

std::int64_t set_memory_types(unsigned domain, const hvm_hw_mtrr& types) {
    static std::byte records[2048];
    const std::size_t size = write_records(records, mtrr_type, std::as_bytes(std::span(&types, 1)));
    return set_records(domain, std::span(records).first(size));
}

constexpr auto table = std::to_array<Case>({
    {"domctl.gethvmcontext", "says how much room it wants, and writes no more than it had to say", [] {
        const ListedActs domain(std::span<const Act>{});
        std::size_t wanted = 0, size = 0;
        expect_equal(get_records(domain.id, {}, wanted), 0);
        expect(wanted > 24 + sizeof(hvm_hw_cpu) + sizeof(hvm_hw_mtrr) && wanted <= sizeof(room));
        expect_equal(get_records(domain.id, std::span(room).first(wanted - 1), size), -XEN_ENOSPC);
        memset(room, 0x5a, sizeof(room));
        expect_equal(get_records(domain.id, std::span(room).first(wanted), size), 0);
        expect(size <= wanted);
        expect(room[wanted] == std::byte{0x5a});
        hvm_save_descriptor last;
        memcpy(&last, room + size - sizeof(last), sizeof(last));
        expect_equal(last.typecode, 0);
        expect_equal(domain.destroy(), 0);
    }},
    {"domctl.gethvmcontext", "has a header, the processor that was set, and its memory types", [] {
        const ListedActs domain(std::span<const Act>{});
        const auto records = records_of(domain);
        const auto header = body_of<hvm_save_header>(records, header_type);
        expect_equal(header.magic, std::uint32_t{HVM_FILE_MAGIC});
        expect_equal(header.version, std::uint32_t{HVM_FILE_VERSION});
        expect(header.cpuid != 0 && header.gtsc_khz != 0);
        const auto cpu = body_of<hvm_hw_cpu>(records, cpu_type);
        const hvm_hw_cpu given = flat_32(0x1000, 0);
        expect_equal(cpu.rip, given.rip);
        expect_equal(cpu.cr0, given.cr0);
        expect_equal(cpu.cr4, given.cr4);   // without machine checks, which are on for the machine's sake
        expect_equal(cpu.msr_efer, 0);
        expect_equal(cpu.rflags, 2);
        expect_equal(cpu.cs_arbytes, given.cs_arbytes);
        expect_equal(cpu.ss_limit, given.ss_limit);
        expect_equal(cpu.tr_arbytes, given.tr_arbytes);
        expect_equal(cpu.dr7, given.dr7);
        const auto types = body_of<hvm_hw_mtrr>(records, mtrr_type);
        expect_equal(types.msr_pat_cr, 0x0007040600070406);
        expect_equal(types.msr_mtrr_cap, 0x508);
        expect_equal(types.msr_mtrr_def_type, 0);
        expect_equal(domain.destroy(), 0);
    }},
    {"domctl.gethvmcontext", "has what a guest has made of its processor", [] {
        const auto acts = std::to_array<Act>({set_cr4(0x200), write_msr(0x2ff, 0xc06), write_msr(0x250, 0x0606060606060606),
                                              write_msr(0x201, 0xff80000800), write_msr(0xc0000103, 77), write_msr(0xc0000080, 0x801)});
        const ListedActs domain(acts);
        expect_equal(domain.run(), unsigned{SHUTDOWN_poweroff});
        const auto records = records_of(domain);
        const auto types = body_of<hvm_hw_mtrr>(records, mtrr_type);
        expect_equal(types.msr_mtrr_def_type, 0xc06);
        expect_equal(types.msr_mtrr_fixed[0], 0x0606060606060606);
        expect_equal(types.msr_mtrr_var[1], 0xff80000800);
        expect_equal(types.msr_mtrr_var[0], 0);
        if (find_record(records, cpu_type).empty()) return void(expect_equal(domain.destroy(), 0));   // it is down
        const auto cpu = body_of<hvm_hw_cpu>(records, cpu_type);
        expect_equal(cpu.cr4, 0x200);
        expect_equal(cpu.msr_tsc_aux, 77);
        expect_equal(cpu.msr_efer, 0x801);
        expect_equal(domain.destroy(), 0);
    }},
    {"domctl.sethvmcontext", "gives a vcpu its memory types, as libxc does", [] {
        const auto acts = std::to_array<Act>({read_msr(0x2ff), read_msr(0x277), read_msr(0x26f)});
        const ListedActs domain(acts);
        auto types = body_of<hvm_hw_mtrr>(records_of(domain), mtrr_type);
        types.msr_mtrr_def_type = ranges_count | write_back;
        types.msr_pat_cr = 0x0007010500070406;
        types.msr_mtrr_fixed[10] = 0x0505050505050505;
        expect_equal(set_memory_types(domain.id, types), 0);
        static std::byte records[2048];
        expect_equal(set_records(domain.id, std::span(records).first(cpu_records(records, [](hvm_hw_cpu&) {}))), 0);
        expect_equal(domain.run(), unsigned{SHUTDOWN_poweroff});
        expect_equal(domain.of(0).value(), ranges_count | write_back);
        // QEMU's VMRUN leaves PAT as the host has it, and stock Xen's guests read that.
        if (!on_stock_xen()) expect_equal(domain.of(1).value(), 0x0007010500070406);
        expect_equal(domain.of(2).value(), 0x0505050505050505);
        expect_equal(domain.destroy(), 0);
    }},
    {"domctl.sethvmcontext", "refuses memory types that no processor has, and changes nothing", [] {
        const ListedActs domain(std::span<const Act>{});
        const auto right = body_of<hvm_hw_mtrr>(records_of(domain), mtrr_type);
        auto wrong = right;
        wrong.msr_mtrr_cap = 0x509;
        expect_equal(set_memory_types(domain.id, wrong), -XEN_EINVAL);
        if (!on_stock_xen()) {   // which takes what is right, and forgets the rest
            wrong = right, wrong.msr_mtrr_def_type = 0x1c06;
            expect_equal(set_memory_types(domain.id, wrong), -XEN_EINVAL);
            wrong = right, wrong.msr_pat_cr = 2;
            expect_equal(set_memory_types(domain.id, wrong), -XEN_EINVAL);
            wrong = right, wrong.msr_mtrr_fixed[3] = 7, wrong.msr_mtrr_def_type = ranges_count | write_back;
            expect_equal(set_memory_types(domain.id, wrong), -XEN_EINVAL);
            wrong = right, wrong.msr_mtrr_var[15] = std::uint64_t{1} << 63;
            expect_equal(set_memory_types(domain.id, wrong), -XEN_EINVAL);
            expect_equal(body_of<hvm_hw_mtrr>(records_of(domain), mtrr_type).msr_mtrr_def_type, 0);
        }
        expect_equal(domain.destroy(), 0);
    }},
    {"domctl.sethvmcontext", "takes what gethvmcontext has said of another", [] {
        const auto acts = std::to_array<Act>({ask_leaf(0x40000000), read_msr(0xfe)});
        const ListedActs first(acts), second(acts);
        const auto records = records_of(first);
        expect_equal(set_records(second.id, records), 0);
        expect_equal(first.destroy(), 0);
        expect_equal(second.run(), unsigned{SHUTDOWN_poweroff});
        expect_equal(second.of(0).b, unsigned{XEN_CPUID_SIGNATURE_EBX});
        expect_equal(second.of(1).value(), 0x508);
        expect_equal(second.destroy(), 0);
    }},
    {"domctl.gethvmcontext", "is not for PV guests, nor written where nothing is", [] {
        std::size_t size = 0;
        expect_equal(get_records(idle_domain().id, room, size), -XEN_EINVAL);
        const ListedActs domain(std::span<const Act>{});
        auto* const nowhere = reinterpret_cast<std::byte*>(std::uint64_t{0x1000});
        expect_equal(get_records(domain.id, std::span(nowhere, sizeof(room)), size), -XEN_EFAULT);
        expect_equal(domain.destroy(), 0);
    }},
    {"domctl.settscinfo", "lets a hardware-assisted guest read the TSC itself", [] {
        const auto acts = std::to_array<Act>({ask_leaf(0x40000003)});
        const ListedActs domain(acts);
        xen_domctl_t request{};
        request.u.tsc_info.tsc_mode = 2;   // never emulated
        expect_equal(domctl(XEN_DOMCTL_settscinfo, domain.id, request), 0);
        expect_equal(domain.run(), unsigned{SHUTDOWN_poweroff});
        expect_equal(domain.of(0).a & 1, 0);
        expect_equal(domain.of(0).b, 2);
        expect_equal(domain.destroy(), 0);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
