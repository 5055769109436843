#include "guests/hvm/code.hpp"

#include <algorithm>
#include <cstring>

#include "guests/hvm/memory.hpp"
#include "machine/cpu.hpp"

namespace basalt::hvm {

using instructions::Mode;

// Bits 9 and 10 of a segment's attributes: L and D of its descriptor.
Mode code_mode(const GuestState& save) {
    constexpr std::uint16_t long_code = 1 << 9, default_32 = 1 << 10;
    if ((save.efer & efer::long_mode_active) != 0 && (save.cs.attributes & long_code) != 0) return Mode::bits_64;
    const bool virtual_8086 = (save.rflags & rflags::virtual_8086) != 0;
    return (save.cs.attributes & default_32) != 0 && !virtual_8086 ? Mode::bits_32 : Mode::bits_16;
}

namespace {

// In the page that was found before, if that is where the code is.
bool read_kept(HvmVcpu& vcpu, Code& code, std::uint64_t at) {
    if (at % page_size > page_size - code.room.size() || this_cpu().nested_stale) return false;
    const std::byte* const page = vcpu.kept_code.find(vcpu.state(), at);
    if (page == nullptr) return false;
    std::memcpy(code.room.data(), page + at % page_size, code.room.size());
    code.count = code.room.size();
    return true;
}

}   // namespace

Code code_at_rip(HvmVcpu& vcpu) {
    const GuestState& save = vcpu.state();
    Code code{.room{}, .mode = code_mode(save)};
    const std::uint64_t at = code.mode == Mode::bits_64 ? save.rip : static_cast<std::uint32_t>(save.cs.base + save.rip);
    if (read_kept(vcpu, code, at)) return code;
    const std::size_t in_page = page_size - at % page_size;
    for (const std::size_t count : {code.room.size(), std::min(in_page, code.room.size())}) {
        if (!fetch(vcpu, std::as_writable_bytes(std::span(code.room).first(count)), at)) continue;
        code.count = count;
        break;
    }
    return code;
}

}   // namespace basalt::hvm
