// PCI functions that Dom0 has announced, and their interrupt capabilities.
#pragma once

#include <cstdint>
#include <optional>

#include "core/number.hpp"
#include "core/result.hpp"
#include "formats/pci.hpp"

namespace basalt {

// Seam: whether these frames may hold a device's registers. Dom0 says where a table is, and Basalt writes there.
bool may_hold_registers(Mfn first, Mfn last);

// The node that it is on, if Dom0 says so: Basalt has no AML to ask for it.
Result<> announce_function(pci::Function function, std::optional<NodeId> node = {});
Result<> withdraw_function(pci::Function function);
// no_device: it is not announced.
Result<std::optional<NodeId>> node_of(pci::Function function);

// After the function lost its state (a reset, D3): its messages are written again.
Result<> restore_messages(pci::Function function);

// Its MSI-X table stays where it is from now on, or may move again.
Result<> settle_msix(pci::Function function);
Result<> release_msix(pci::Function function);

}  // namespace basalt
