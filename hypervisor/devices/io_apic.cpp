// Intel 82093AA datasheet: an index register and a data window; entry n is registers 0x10 + 2n and the next.
#include "devices/io_apic.hpp"

#include "core/lock.hpp"
#include "core/once.hpp"
#include "debug/log.hpp"
#include "devices/firmware.hpp"
#include "machine/page_tables.hpp"

namespace basalt {
namespace {

constexpr std::size_t window = 0x10;
constexpr std::uint32_t version_register = 1;
constexpr std::uint32_t entry_register(std::uint32_t pin) { return 0x10 + 2 * pin; }
constexpr std::uint32_t masked_bit = 1 << 16;

// The registers of one IO-APIC. The index register is why a lock is needed.
class IoApic {
public:
    IoApic() = default;
    IoApic(std::byte* registers, const acpi::IoApic& described)
        : registers_(registers), physical_(described.address), first_(described.first_gsi),
          count_((read(version_register) >> 16 & 0xff) + 1) {}

    std::uint32_t first() const { return first_; }
    std::uint32_t end() const { return first_ + count_; }
    std::uint64_t physical() const { return physical_; }
    bool has(Gsi gsi) const { return gsi.raw >= first_ && gsi.raw < end(); }

    std::uint32_t read(std::uint32_t index) const {
        word(0) = index;
        return word(window);
    }
    void write(std::uint32_t index, std::uint32_t value) const {
        word(0) = index;
        word(window) = value;
    }

    // The half with the mask is written last when unmasking, so that a half-written entry never fires.
    void write_entry(Gsi gsi, const Redirection& entry) const {
        const auto low = entry_register(gsi.raw - first_);
        write(low, masked_bit);
        write(low + 1, static_cast<std::uint32_t>(entry.word() >> 32));
        write(low, static_cast<std::uint32_t>(entry.word()));
    }
    void mask(Gsi gsi, bool masked) const {
        const auto low = entry_register(gsi.raw - first_);
        const auto old = read(low);
        write(low, masked ? old | masked_bit : old & ~masked_bit);
    }

private:
    volatile std::uint32_t& word(std::size_t offset) const {
        return *reinterpret_cast<volatile std::uint32_t*>(registers_ + offset);
    }

    std::byte* registers_ = nullptr;
    std::uint64_t physical_ = 0;
    std::uint32_t first_ = 0;
    std::uint32_t count_ = 0;
};

using IoApics = Bounded<IoApic, 16>;
constinit Guarded<IoApics, Rank::machine> io_apics;
constinit Once<std::uint32_t> end_of_gsis;

const IoApic* with_gsi(const IoApics& all, Gsi gsi) {
    for (const auto& each : all)
        if (each.has(gsi)) return &each;
    return nullptr;
}

void add_io_apic(IoApics& all, const acpi::IoApic& described) {
    const auto registers = map_device(described.address, page_size);
    if (!registers) return log(Level::warning, "IO-APIC at {x} cannot be mapped", described.address);
    const IoApic io_apic(*registers, described);
    if (io_apic.read(version_register) == ~0u) return log(Level::warning, "IO-APIC at {x} does not answer", described.address);
    for (Gsi gsi(io_apic.first()); gsi.raw < io_apic.end(); ++gsi) io_apic.write_entry(gsi, {});
    all.add(io_apic);
    log(Level::info, "IO-APIC {} at {x}: GSI {} to {}", described.id, described.address, io_apic.first(), io_apic.end() - 1);
}

}  // namespace

void find_io_apics() {
    io_apics.with([](IoApics& all) {
        for (const auto& described : firmware().madt.io_apics) add_io_apic(all, described);
        std::uint32_t end = 0;
        for (const IoApic& each : all) end = std::max(end, each.end());
        end_of_gsis.set(end);
    });
}

std::uint32_t gsi_end() { return *end_of_gsis; }

bool gsi_exists(Gsi gsi) {
    return io_apics.with([gsi](IoApics& all) { return with_gsi(all, gsi) != nullptr; });
}

Result<> write_redirection(Gsi gsi, const Redirection& entry) {
    return io_apics.with([&](IoApics& all) -> Result<> {
        const auto* io_apic = with_gsi(all, gsi);
        if (!io_apic) return refuse(Error::invalid);
        io_apic->write_entry(gsi, entry);
        return {};
    });
}

void set_masked(Gsi gsi, bool masked) {
    io_apics.with([&](IoApics& all) {
        if (const auto* io_apic = with_gsi(all, gsi)) io_apic->mask(gsi, masked);
    });
}

namespace {

// "As the bus has it" is edge and high for ISA (ACPI 5.2.12.5, table 5.26).
IsaLine line_of(const acpi::Override& changed) {
    return {Gsi(changed.gsi), changed.trigger == acpi::Trigger::level, changed.polarity == acpi::Polarity::low};
}

}  // namespace

IsaLine isa_line(std::uint8_t isa_irq) {
    for (const auto& changed : firmware().madt.overrides)
        if (changed.isa_irq == isa_irq) return line_of(changed);
    return {.gsi = Gsi(isa_irq)};
}

std::optional<IsaLine> isa_line_at(Gsi gsi) {
    for (const auto& changed : firmware().madt.overrides)
        if (changed.gsi == gsi.raw) return line_of(changed);
    if (gsi.raw < 16) return IsaLine{.gsi = gsi};
    return {};
}

Result<std::uint32_t> read_io_apic(std::uint64_t base, std::uint32_t index) {
    return io_apics.with([&](IoApics& all) -> Result<std::uint32_t> {
        for (const auto& each : all)
            if (each.physical() == base) return each.read(index);
        return refuse(Error::invalid);
    });
}

bool is_io_apic_page(Mfn mfn) {
    for (const auto& described : firmware().madt.io_apics)
        if (mfn_of(described.address) == mfn) return true;
    return false;
}

}  // namespace basalt
