#include "machine/fpu.hpp"

#include <cstring>

#include "machine/cpu.hpp"
#include "machine/features.hpp"
#include "machine/instructions.hpp"

namespace basalt {
namespace {

constexpr std::size_t legacy_size = 512;

constexpr std::uint16_t control_after_reset = 0x37f;
constexpr std::uint32_t mxcsr_after_reset = 0x1f80;

std::uint32_t low(std::uint64_t word) { return static_cast<std::uint32_t>(word); }
std::uint32_t high(std::uint64_t word) { return static_cast<std::uint32_t>(word >> 32); }

// A guest may have narrowed XCR0, and yet have state in what it has switched off.
class AllComponents {
public:
    AllComponents() : guests_(this_cpu().xcr0) { set_xcr0(features().xsave_bits); }
    ~AllComponents() { set_xcr0(guests_); }
    AllComponents(const AllComponents&) = delete;
    AllComponents& operator=(const AllComponents&) = delete;

private:
    std::uint64_t guests_;
};

// APM 3, CPUID 8000_0008.ebx: without RstrFpErrPtrs, FXRSTOR and XRSTOR of AMD's leave FOP, FIP and FDP as they are where
// the area has no exception pending: they would be those of whoever ran before (XSA-52).
bool error_pointers_may_stay() {
    static const bool stay = [] {
        constexpr std::uint32_t sizes = 0x80000008, restored = 1 << 2;
        if (features().vendor != Vendor::amd) return false;
        return cpuid(0x80000000).eax < sizes || (cpuid(sizes).ebx & restored) == 0;
    }();
    return stay;
}

void forget_error_pointers() {
    if (error_pointers_may_stay()) asm volatile("fninit");   // they are 0 then: nothing of Basalt's shows either
}

}  // namespace

std::size_t fpu_area_size() {
    if (!features().xsave) return legacy_size;
    static const std::size_t size = cpuid(0xd, 0).ebx;   // for XCR0 as this CPU has it: first asked with all bits
    return size;
}

void fpu_initialise(std::byte* area) {
    std::memset(area, 0, fpu_area_size());
    std::memcpy(area, &control_after_reset, sizeof control_after_reset);
    std::memcpy(area + 24, &mxcsr_after_reset, sizeof mxcsr_after_reset);
}

// XSAVE header, SDM 1 13.4.2: which components the area holds.
void fpu_take_legacy(std::byte* area, std::span<const std::byte, fpu_legacy_bytes> image) {
    constexpr std::size_t mxcsr_at = 24, header_at = 512;
    constexpr std::uint32_t mxcsr_bits = 0xffff;
    constexpr std::uint64_t x87_and_sse = 3;
    std::memcpy(area, image.data(), image.size());
    std::uint32_t mxcsr;
    std::memcpy(&mxcsr, area + mxcsr_at, sizeof(mxcsr));
    mxcsr &= mxcsr_bits;   // the others would make XRSTOR fault
    std::memcpy(area + mxcsr_at, &mxcsr, sizeof(mxcsr));
    if (!features().xsave) return;
    std::uint64_t components;
    std::memcpy(&components, area + header_at, sizeof(components));
    components |= x87_and_sse;
    std::memcpy(area + header_at, &components, sizeof(components));
}

void fpu_save(std::byte* area) {
    if (!features().xsave) {
        asm volatile("fxsave64 %0" : "=m"(*area) : : "memory");
        return;
    }
    const AllComponents all;
    const auto bits = features().xsave_bits;
    if (features().xsaveopt)
        asm volatile("xsaveopt64 %0" : "+m"(*area) : "a"(low(bits)), "d"(high(bits)) : "memory");
    else
        asm volatile("xsave64 %0" : "+m"(*area) : "a"(low(bits)), "d"(high(bits)) : "memory");
}

void fpu_restore(const std::byte* area) {
    forget_error_pointers();
    if (!features().xsave) {
        asm volatile("fxrstor64 %0" : : "m"(*area) : "memory");
        return;
    }
    const AllComponents all;
    const auto bits = features().xsave_bits;
    asm volatile("xrstor64 %0" : : "m"(*area), "a"(low(bits)), "d"(high(bits)) : "memory");
}

void set_task_switched(bool set) {
    auto& cpu = this_cpu();
    if (cpu.task_switched == set) return;
    cpu.task_switched = set;
    if (set)
        write_cr0(read_cr0() | cr0::task_switched);
    else
        clear_task_switched();
}

void set_xcr0(std::uint64_t value) {
    auto& cpu = this_cpu();
    if (cpu.xcr0 == value) return;
    cpu.xcr0 = value;
    write_xcr0(value);
}

}  // namespace basalt
