// A second opinion on bytes: Zydis, a decoder of everything, on the host alone.
#pragma once

#include <span>
#include <string>

#include "instructions/decode.hpp"

namespace basalt::instructions::judged {

// What our decoder says of these bytes and Zydis does not: length, operation, operands, prefixes. Empty: they agree, or ours
// refuses.
std::string difference(std::span<const std::uint8_t> bytes, Mode mode);

// Zydis sees an operation of ours there, and our decoder refuses it. Told in Zydis' words; else empty.
std::string refused(std::span<const std::uint8_t> bytes, Mode mode);

}  // namespace basalt::instructions::judged
