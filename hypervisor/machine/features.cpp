#include "machine/features.hpp"

#include <cstring>

#include "core/once.hpp"
#include "debug/log.hpp"
#include "debug/panic.hpp"
#include "machine/cpu.hpp"
#include "machine/fpu.hpp"
#include "machine/instructions.hpp"
#include "machine/page_entry.hpp"
#include "machine/state_components.hpp"

namespace basalt {
namespace {

constinit Once<Features> known;

bool bit(std::uint32_t word, unsigned number) { return (word >> number & 1) != 0; }

template <std::size_t size>
bool spells(const std::uint32_t (&words)[size], std::string_view name) {
    return std::memcmp(words, name.data(), name.size()) == 0;
}

Vendor vendor() {
    const auto leaf = cpuid(0);
    const std::uint32_t name[] = {leaf.ebx, leaf.edx, leaf.ecx};
    if (spells(name, "GenuineIntel")) return Vendor::intel;
    if (spells(name, "AuthenticAMD") || spells(name, "HygonGenuine")) return Vendor::amd;
    return Vendor::other;
}

bool emulated_by_tcg(bool under_hypervisor) {
    if (!under_hypervisor) return false;
    const auto leaf = cpuid(0x40000000);
    const std::uint32_t name[] = {leaf.ebx, leaf.ecx, leaf.edx};
    return spells(name, "TCGTCGTCGTCG");
}

// What would not fit into a vcpu's area is not switched on.
std::uint64_t with_room(std::uint64_t bits) {
    ComponentPlaces places{};
    for (std::uint32_t number = 2; number < places.size(); ++number) {
        const auto leaf = cpuid(0xd, number);
        places[number] = {leaf.ebx, leaf.eax};
    }
    const std::uint64_t fitting = components_that_fit(bits, places, fpu_area_room);
    if (fitting != bits) log(Level::warning, "XCR0 stays {x} of {x}: there is no room for more", fitting, bits);
    return fitting;
}

// SDM 2A, CPUID; APM 3, appendix E.
void read_basic_leaves(Features& f) {
    const auto highest = cpuid(0).eax;
    const auto leaf1 = cpuid(1);
    f.emulated_by_tcg = emulated_by_tcg(bit(leaf1.ecx, 31));
    f.monitor = bit(leaf1.ecx, 3);
    f.vmx = bit(leaf1.ecx, 5);
    f.pcid = bit(leaf1.ecx, 17);
    f.x2apic = bit(leaf1.ecx, 21);
    f.tsc_deadline = bit(leaf1.ecx, 24);
    f.xsave = bit(leaf1.ecx, 26);
    f.machine_check = bit(leaf1.edx, 7) && bit(leaf1.edx, 14);
    if (highest >= 7) {
        const auto leaf7 = cpuid(7);
        f.fsgsbase = bit(leaf7.ebx, 0);
        f.smep = bit(leaf7.ebx, 7);
        f.smap = bit(leaf7.ebx, 20);
        f.umip = bit(leaf7.ecx, 2);
    }
    if (f.xsave) {
        // x87, SSE, AVX and the three of AVX-512. Protection keys and bounds are not offered to PV guests.
        constexpr std::uint64_t offered = 0xe7;
        const auto supported = cpuid(0xd, 0);
        const auto more = cpuid(0xd, 1);
        f.xsave_bits = with_room((supported.eax | std::uint64_t{supported.edx} << 32) & offered);
        f.xsaveopt = bit(more.eax, 0);
        f.xsavec = bit(more.eax, 1);
    }
}

constexpr std::uint32_t svm_leaf = 0x8000000a;

// Guests without nested paging are not had.
Svm read_svm_leaf() {
    const auto leaf = cpuid(svm_leaf);
    return {.used = bit(leaf.edx, 0),
            .next_rip = bit(leaf.edx, 3),
            .decode_assists = bit(leaf.edx, 7),
            .flush_by_asid = bit(leaf.edx, 6),
            .asids = leaf.ebx};
}

// APM 2 15.4: where the firmware has switched it off, EFER.SVME cannot be set.
bool firmware_forbids_svm() {
    constexpr std::uint64_t off = 1 << 4;
    return (try_read_msr(msr::svm_configuration).value_or(off) & off) != 0;
}

bool use_svm(const Svm& found, bool wanted) {
    if (!wanted) return false;
    const bool forbidden = found.used && firmware_forbids_svm();
    if (forbidden) log(Level::warning, "hardware-assisted guests: the firmware has switched SVM off");
    if (!found.used) log(Level::info, "hardware-assisted guests: this CPU has neither VMX nor SVM with nested paging");
    return found.used && !forbidden;
}

// Of VMX all exits do that tell of an instruction (SDM 3C 27.2.5); tags are VPIDs there.
void find_hardware_guests(Features& f, bool wanted) {
    if (f.vmx) {
        f.svm.used = false;
        f.vmx_guests = vmx::capabilities(wanted, f.rdtscp);
        f.next_rip = true;
        f.guest_tags = 1 << 16;
        return;
    }
    f.svm.used = use_svm(f.svm, wanted);
    if (f.svm.used) f.efer_wanted |= efer::svm;
    f.next_rip = f.svm.next_rip;
    f.guest_tags = f.svm.asids;
}

void read_extended_leaves(Features& f) {
    const auto highest = cpuid(0x80000000).eax;
    const auto leaf1 = cpuid(0x80000001);
    if (bit(leaf1.ecx, 2) && highest >= svm_leaf) f.svm = read_svm_leaf();
    f.no_execute = bit(leaf1.edx, 20);
    f.gigabyte_pages = bit(leaf1.edx, 26);
    f.rdtscp = bit(leaf1.edx, 27);
    if (highest >= 0x80000007) f.invariant_tsc = bit(cpuid(0x80000007).edx, 8);
    if (highest >= 0x80000008) f.physical_bits = cpuid(0x80000008).eax & 0xff;
}

// AMD, "Software techniques for managing speculation": families 0fh and 11h always do; of later ones a bit of DE_CFG
// decides, which software may set once and for all.
bool make_lfence_serialise() {
    constexpr std::uint64_t serialise = 1 << 1;
    const std::uint32_t signature = cpuid(1).eax;
    const std::uint32_t family = (signature >> 8 & 15) + (signature >> 20 & 0xff);
    if (family == 0xf || family == 0x11) return true;
    const auto found = try_read_msr(msr::amd_decode_configuration);
    if (!found) return false;
    if ((*found & serialise) == 0) static_cast<void>(try_write_msr(msr::amd_decode_configuration, *found | serialise));
    return (try_read_msr(msr::amd_decode_configuration).value_or(0) & serialise) != 0;
}

std::uint64_t wanted_cr4(const Features& f) {
    auto wanted = cr4::physical_extension | cr4::global_pages | cr4::fxsave | cr4::simd_exceptions;
    if (f.machine_check) wanted |= cr4::machine_check;
    if (f.umip) wanted |= cr4::umip;
    if (f.xsave) wanted |= cr4::xsave;
    if (f.smep) wanted |= cr4::smep;
    if (f.smap) wanted |= cr4::smap;
    if (f.vmx_guests.used) wanted |= cr4::vmx;
    return wanted;
}

// .access_switches: where three bytes of no-op stand for STAC or CLAC.
struct AccessSwitch {
    std::uint64_t where;
    std::uint32_t instruction;
    std::uint32_t reserved;
};

}  // namespace
}  // namespace basalt

extern "C" const basalt::AccessSwitch access_switches_start[], access_switches_end[];

namespace basalt {
namespace {

// While the early tables still let the text be written.
void write_access_switches() {
    for (const auto* at = access_switches_start; at != access_switches_end; ++at)
        std::memcpy(reinterpret_cast<void*>(at->where), &at->instruction, 3);
}

}  // namespace

const Features& features() { return *known; }

void find_features(const FeatureWishes& wishes) {
    Features found;
    found.vendor = vendor();
    read_basic_leaves(found);
    read_extended_leaves(found);
    found.lfence_serialises = found.vendor == Vendor::amd && make_lfence_serialise();
    if (!found.no_execute) panic("this CPU has no no-execute pages (NX), or the firmware has switched them off");
    if (found.smap && found.emulated_by_tcg && !wishes.smap)
        log(Level::info, "SMAP stays off: QEMU's TCG gets it wrong for far returns in ring 3 (smap=yes is on all the same)");
    found.smap = found.smap && wishes.smap.value_or(!found.emulated_by_tcg);
    find_hardware_guests(found, wishes.hardware_guests);
    found.cr4_wanted = wanted_cr4(found);
    if (found.smap) write_access_switches();
    known.set(found);
}

void switch_features_on() {
    write_msr(msr::efer, known->efer_wanted);
    write_cr0(wanted_cr0);
    auto& cpu = this_cpu();
    write_cr4(cpu.cr4 = known->cr4_wanted);
    write_msr(msr::page_attributes, page_attribute_table);
    if (known->rdtscp) write_msr(msr::tsc_aux, 0);   // ring 3 reads it by RDTSCP: it is not whatever was left there
    if (known->lfence_serialises) static_cast<void>(make_lfence_serialise());
    cpu.task_switched = false;
    if (known->xsave) write_xcr0(cpu.xcr0 = known->xsave_bits);
}

void answer_smap_option(std::optional<bool> wanted) {
    if (!wanted.value_or(false)) return;
    const bool on = (read_cr4() & cr4::smap) != 0;
    log(on ? Level::info : Level::warning, "smap=yes: {}", on ? "SMAP is on" : "this CPU has no SMAP");
}

void set_cr4(std::uint64_t value) {
    auto& cpu = this_cpu();
    if (cpu.cr4 == value) return;
    cpu.cr4 = value;
    write_cr4(value);
}

void set_tsc_aux(std::uint32_t value) {
    auto& cpu = this_cpu();
    if (cpu.tsc_aux == value) return;
    write_msr(msr::tsc_aux, cpu.tsc_aux = value);
}

}  // namespace basalt
