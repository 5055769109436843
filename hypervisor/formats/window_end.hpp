// How far a window of PCI configuration space reaches, out of what it shows bus by bus: firmware may list more than the
// machine decodes. What is shown last decides, so that a function which answers differently just then, alone on its bus,
// ends nothing.
#pragma once

#include <cstdint>
#include <optional>

namespace basalt::pci {

class WindowEnd {
public:
    // Buses in rising order: of the functions that a window should show, how many it does.
    constexpr void look_at(std::uint8_t bus, unsigned expected, unsigned shown) {
        if (shown != 0)
            first_missing_ = std::nullopt;
        else if (expected != 0 && !first_missing_)
            first_missing_ = bus;
    }
    // The first bus that is not in a window, nor is any behind it. None: all are.
    constexpr std::optional<std::uint8_t> bus() const { return first_missing_; }

private:
    std::optional<std::uint8_t> first_missing_;
};

}  // namespace basalt::pci
