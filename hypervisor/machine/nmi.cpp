#include "machine/nmi.hpp"

#include <atomic>

#include "core/per_cpu.hpp"
#include "debug/log.hpp"
#include "machine/cpu.hpp"
#include "machine/exceptions.hpp"
#include "machine/instructions.hpp"
#include "machine/smp.hpp"

namespace basalt {
namespace {

// NMI status and control of the chipset, as in every PC since the AT.
constexpr std::uint16_t port = 0x61;
constexpr std::uint8_t io_check_pending = 0x40, system_error_pending = 0x80;
constexpr std::uint8_t kept = 0x0f, io_check_off = 0x08, system_error_off = 0x04;

constinit std::atomic<NmiAnswer> answer{NmiAnswer::told_to_dom0};

// Causes in the lowest byte, above them how many: one word, because an NMI may come while the CPU takes it.
struct Seen {
    std::atomic<std::uint32_t> word{0};
};
constexpr std::uint32_t one_more = 1 << 8;
constexpr NmisSeen in_word(std::uint32_t word) { return {word / one_more, static_cast<std::uint8_t>(word % one_more)}; }
constinit PerCpu<Seen> seen;

constexpr std::uint8_t bit_of(NmiCause cause) { return static_cast<std::uint8_t>(1 << static_cast<unsigned>(cause)); }

std::uint8_t causes_now() {
    const auto status = in8(port);
    std::uint8_t causes = 0;
    if ((status & io_check_pending) != 0) causes |= bit_of(NmiCause::io_check);
    if ((status & system_error_pending) != 0) causes |= bit_of(NmiCause::system_error);
    return causes != 0 ? causes : bit_of(NmiCause::unknown);
}

// Each is cleared by switching its report off. System errors stay off, as on Xen: it is for Dom0 to look for the device.
void rearm(std::uint8_t causes) {
    if ((causes & bit_of(NmiCause::system_error)) != 0) out8(port, (in8(port) & kept) | system_error_off);
    if ((causes & bit_of(NmiCause::io_check)) == 0) return;
    const auto control = static_cast<std::uint8_t>(in8(port) & kept & ~io_check_off);
    out8(port, control | io_check_off);
    out8(port, control);
}

void tell_causes() {
    const NmisSeen these = in_word(seen.here().word.load(std::memory_order_relaxed));
    for (const auto cause : {NmiCause::io_check, NmiCause::system_error, NmiCause::unknown})
        if (these.has(cause)) log(Level::error, "NMI: {}", nmi_causes[static_cast<unsigned>(cause)]);
}

}  // namespace

void answer_nmis(NmiAnswer wanted) { answer.store(wanted, std::memory_order_relaxed); }
NmiAnswer answer_to_nmis() { return answer.load(std::memory_order_relaxed); }

void note_nmi(const Registers& registers) {
    stop_if_told();
    auto& word = seen.here().word;
    if (this_cpu().id == CpuId(0)) {
        word.fetch_or(causes_now(), std::memory_order_relaxed);
        if (answer_to_nmis() == NmiAnswer::fatal) die_of(registers, tell_causes);
    }
    word.fetch_add(one_more, std::memory_order_relaxed);
    raise_here(Work::machine_check);
}

NmisSeen take_nmis() {
    const NmisSeen taken = in_word(seen.here().word.exchange(0, std::memory_order_relaxed));
    rearm(taken.causes);
    return taken;
}

}  // namespace basalt
