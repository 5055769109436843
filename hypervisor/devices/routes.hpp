// Who gets which interrupt: the state behind pirqs.hpp, pci_devices.hpp and pci_guard.hpp, under one lock. What the
// interrupt path needs of it is kept beside it in atomic words, one for each vector.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/lock.hpp"
#include "core/number.hpp"
#include "devices/messages.hpp"
#include "devices/pirqs.hpp"
#include "formats/bounded.hpp"
#include "formats/vectors.hpp"

namespace basalt {

struct Route {
    enum class Kind : std::uint8_t { none, line, message, kept };
    Kind kind = Kind::none;          // kept: of a message that has gone, while its owner's port is bound to the number
    DomainId owner{};
    bool bound = false;
    bool waiting = false;            // level: masked until the domain ends it
    std::uint8_t vector = 0;         // 0: none yet
    CpuId cpu{};
    bool level = false;              // of a line
    bool active_low = false;
    MessageSlot slot;                // of a message
    std::uint8_t group = 1;          // messages allocated together, told by their first; 0: of another one's

    bool belongs_to(DomainId domain) const { return (kind == Kind::line || kind == Kind::message) && owner == domain; }
};

// What the slot of a message's route is to say.
MsiMessage message_of(const Route& route);

// How a line is wired, as the firmware or setup_gsi says. Kept while nobody has the line.
struct Shape {
    bool known = false;
    bool level = false;
    bool active_low = false;
};

struct PciDevice {
    pci::Function function;
    std::uint8_t msi = 0;                  // its capabilities; 0: none
    std::uint8_t msix = 0;
    std::uint16_t table_entries = 0;
    std::uint64_t table = 0;               // physical; 0: not placed
    std::uint64_t mapped = 0;              // physical address of what `registers` shows
    std::byte* registers = nullptr;
    std::optional<NodeId> node;            // as Dom0 has said when it announced the function
    bool announced = false;                // by Dom0; otherwise only its table is guarded
    bool settled = false;                  // Dom0 has promised that the table stays
};

inline constexpr std::size_t most_pci_devices = 256;

struct Routes {
    VectorPool vectors;
    std::array<Route, pirq_end> of{};
    std::array<Shape, 256> shapes{};
    std::array<PciDevice, most_pci_devices> devices{};
    std::size_t device_count = 0;

    PciDevice* device(pci::Function function) {
        for (std::size_t index = 0; index < device_count; ++index)
            if (devices[index].function == function) return &devices[index];
        return nullptr;
    }
};

Guarded<Routes, Rank::interrupt_routes>& routes();

// Announced from now on, its capabilities found. `no_device` if nothing answers there.
Result<PciDevice*> known_device(Routes& all, pci::Function function);
// Messages of a function that goes are nobody's.
void release_messages(Routes& all, pci::Function function);
// The MSI-X table's registers, mapped where the table is now.
Result<std::byte*> table_of(PciDevice& device);

// Interrupts off, no lock held: the vector's interrupt is in service.
void device_interrupt(std::uint8_t vector);

}  // namespace basalt
