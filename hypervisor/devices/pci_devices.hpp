// PCI functions that Dom0 has announced, and their interrupt capabilities.
#pragma once

#include <cstdint>

#include "core/result.hpp"
#include "formats/pci.hpp"

namespace basalt {

Result<> announce_function(pci::Function function);
Result<> withdraw_function(pci::Function function);

// After the function lost its state (a reset, D3): its messages are written again.
Result<> restore_messages(pci::Function function);

// Its MSI-X table stays where it is from now on, or may move again.
Result<> settle_msix(pci::Function function);
Result<> release_msix(pci::Function function);

}  // namespace basalt
