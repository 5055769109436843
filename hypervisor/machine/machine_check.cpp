#include "machine/machine_check.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>

#include "core/per_cpu.hpp"
#include "debug/log.hpp"
#include "machine/cpu.hpp"
#include "machine/features.hpp"
#include "machine/instructions.hpp"

namespace basalt {
namespace {

// SDM 3B 15.3.1 and 15.3.2.
constexpr std::uint64_t banks_in_capability = 0xff;
constexpr std::uint64_t has_control = 1 << 8;
constexpr std::uint64_t knows_who_has_to_act = 1 << 24;
constexpr std::uint64_t may_go_on = 1 << 0, is_about_it = 1 << 1;
constexpr std::size_t most_banks = 32;   // beyond these no CPU has legacy registers

enum class BankRegister : std::uint32_t { control, status, address, misc };
constexpr std::uint32_t msr_of(std::size_t bank, BankRegister which) {
    return msr::machine_check_banks + static_cast<std::uint32_t>(4 * bank) + static_cast<std::uint32_t>(which);
}

struct Report {
    std::uint8_t bank = 0;
    BankStatus status;
    std::uint64_t address = 0, misc = 0;
};

std::uint64_t capability() { return read_msr(msr::machine_check_capability); }
std::size_t bank_count() { return std::min<std::size_t>(capability() & banks_in_capability, most_banks); }

Report read_bank(std::size_t bank) {
    Report report{static_cast<std::uint8_t>(bank), {read_msr(msr_of(bank, BankRegister::status))}};
    if (!report.status.valid()) return report;
    if (report.status.has_address()) report.address = read_msr(msr_of(bank, BankRegister::address));
    if (report.status.has_misc()) report.misc = read_msr(msr_of(bank, BankRegister::misc));
    return report;
}

void clear_bank(std::size_t bank) { write_msr(msr_of(bank, BankRegister::status), 0); }

// From the CPU's machine checks to its way out, which they may interrupt. What finds no room is counted.
class Reports {
public:
    void put(const Report& report) {
        const auto place = written_.load(std::memory_order_relaxed);
        if (place - read_.load(std::memory_order_acquire) == reports_.size()) {
            lost_.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        reports_[place % reports_.size()] = report;
        written_.store(place + 1, std::memory_order_release);
    }
    std::optional<Report> take() {
        const auto place = read_.load(std::memory_order_relaxed);
        if (place == written_.load(std::memory_order_acquire)) return {};
        const Report report = reports_[place % reports_.size()];
        read_.store(place + 1, std::memory_order_release);
        return report;
    }
    std::uint32_t take_lost() { return lost_.exchange(0, std::memory_order_relaxed); }

private:
    std::array<Report, 2 * most_banks> reports_{};
    std::atomic<std::uint32_t> written_{0}, read_{0}, lost_{0};
};

struct Collected {
    Reports reports;
    std::atomic<std::uint32_t> unexplained{0};
    std::atomic<bool> guest_is_hit{false};
};
constinit PerCpu<Collected> collected;

std::string_view kind_of(BankStatus status) {
    if (!status.uncorrected()) return "corrected";
    return status.context_corrupt() ? "uncorrected, context corrupt" : "uncorrected";
}

void tell(std::string_view when, const Report& report) {
    log(report.status.uncorrected() ? Level::error : Level::warning,
        "CPU {}: machine check{}: bank {}, status {x16}, address {x}, misc {x}: {}", this_cpu().id, when, report.bank,
        report.status.word, report.address, report.misc, kind_of(report.status));
}

// SDM 3B 15.3.2.1: on these the firmware alone may switch the first bank on.
bool first_bank_is_the_firmwares() {
    if (features().vendor != Vendor::intel) return false;
    const auto signature = cpuid(1).eax;
    const auto family = signature >> 8 & 0xf, model = (signature >> 4 & 0xf) | (signature >> 12 & 0xf0);
    return family == 6 && model < 0x1a;
}

bool knows_whom() {
    constexpr std::uint32_t scalable = 1 << 3;   // APM 3, CPUID 80000007
    return (capability() & knows_who_has_to_act) != 0 ||
           (cpuid(0x8000'0000).eax >= 0x8000'0007 && (cpuid(0x8000'0007).ebx & scalable) != 0);
}

}  // namespace

void begin_machine_checks() {
    if (!features().machine_check) return;
    if ((capability() & has_control) != 0) write_msr(msr::machine_check_control, ~std::uint64_t{0});
    for (std::size_t bank = 0; bank < bank_count(); ++bank) {
        if (bank != 0 || !first_bank_is_the_firmwares()) write_msr(msr_of(bank, BankRegister::control), ~std::uint64_t{0});
        const Report report = read_bank(bank);
        if (report.status.valid()) tell(" before the start", report);
        clear_bank(bank);
    }
    write_msr(msr::machine_check_status, 0);
}

Consequence collect_machine_check(const Registers& registers) {
    Collected& here = collected.here();
    const auto status = read_msr(msr::machine_check_status);
    const Interruption interruption{(status & may_go_on) != 0, (status & is_about_it) != 0, registers.from_guest(),
                                    knows_whom()};
    std::array<BankStatus, most_banks> found;   // each in its bank's place
    bool explained = false;
    for (std::size_t bank = 0; bank < bank_count(); ++bank) {
        const Report report = read_bank(bank);
        found[bank] = report.status;
        if (!report.status.valid()) continue;
        here.reports.put(report);
        explained = true;
    }
    const auto follows = consequence(found, interruption);
    if (!explained) here.unexplained.fetch_add(1, std::memory_order_relaxed);
    if (follows == Consequence::ends_machine) return follows;
    if (follows == Consequence::ends_guest) here.guest_is_hit.store(true, std::memory_order_relaxed);
    for (std::size_t bank = 0; bank < bank_count(); ++bank)
        if (found[bank].valid()) clear_bank(bank);
    write_msr(msr::machine_check_status, 0);   // last: from here on the next one may come
    return follows;
}

bool tell_machine_checks() {
    Collected& here = collected.here();
    while (const auto report = here.reports.take()) tell("", *report);
    if (const auto lost = here.reports.take_lost(); lost != 0)
        log(Level::error, "CPU {}: {} reports more of machine checks had no room", this_cpu().id, lost);
    if (const auto count = here.unexplained.exchange(0, std::memory_order_relaxed); count != 0)
        log(Level::warning, "CPU {}: {} machine checks that no bank explains", this_cpu().id, count);
    return here.guest_is_hit.exchange(false, std::memory_order_relaxed);
}

}  // namespace basalt
