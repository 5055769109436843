// Streams of records, byte by byte, and some bodies that tools make.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "records/stream.hpp"

namespace basalt::records {

using Raw = std::vector<std::uint8_t>;

inline void append(Raw& raw, std::uint64_t value, unsigned bytes) {
    for (unsigned index = 0; index < bytes; ++index) raw.push_back(static_cast<std::uint8_t>(value >> 8 * index));
}
inline void add(Raw& raw, unsigned code, unsigned instance, const Raw& body) {
    append(raw, code, 2);
    append(raw, instance, 2);
    append(raw, body.size(), 4);
    raw.insert(raw.end(), body.begin(), body.end());
}
inline Raw begun() {
    Raw header;
    append(header, 0x5438'1286, 4);
    append(header, 1, 4);
    append(header, ~0ull, 8);
    append(header, 0x0a20'f12, 4);
    append(header, 2'400'000, 4);
    Raw raw;
    add(raw, 1, 0, header);
    return raw;
}
inline Raw ended(Raw raw) {
    add(raw, 0, 0, {});
    return raw;
}
template <typename Body>
Raw bytes_of(const Body& body) {
    Raw raw(sizeof(Body));
    std::memcpy(raw.data(), &body, sizeof(Body));
    return raw;
}

inline constexpr Codes everything = 0x1f'fffc;
inline constexpr Expected two_vcpus{.vcpus = 2, .codes = everything};

// On the heap, and not aligned, with nothing behind: the sanitizer sees who reads on.
class Copy {
public:
    explicit Copy(const Raw& raw) : size_(raw.size()), memory_(new std::byte[raw.size() + 1]) {
        if (raw.empty()) return;
        std::memcpy(memory_.get() + 1, raw.data(), raw.size());
    }
    Bytes bytes() const { return {memory_.get() + 1, size_}; }

private:
    std::size_t size_;
    std::unique_ptr<std::byte[]> memory_;
};

// What libxc makes of a PVH guest's first vcpu.
inline hvm_hw_cpu first_cpu() {
    hvm_hw_cpu cpu{};
    cpu.rip = 0x100'0000;
    cpu.rbx = 0x4a'00000;
    cpu.cr0 = 0x11;
    cpu.dr6 = 0xffff'0ff0;
    cpu.dr7 = 0x400;
    cpu.cs_limit = cpu.ds_limit = cpu.es_limit = cpu.ss_limit = 0xffff'ffff;
    cpu.cs_arbytes = 0xc9b;
    cpu.ds_arbytes = cpu.es_arbytes = cpu.ss_arbytes = 0xc93;
    cpu.tr_limit = 0x67;
    cpu.tr_arbytes = 0x8b;
    return cpu;
}
// A 64-bit kernel's.
inline hvm_hw_cpu running_cpu() {
    hvm_hw_cpu cpu = first_cpu();
    cpu.rip = 0xffff'ffff'8100'0000;
    cpu.rflags = 0x246;
    cpu.cr0 = 0x8005'0033;
    cpu.cr3 = 0x1'2345'6001;
    cpu.cr4 = 0x3'06f0;
    cpu.msr_efer = 0xd01;
    cpu.cs_arbytes = 0xa9b;
    cpu.cs_sel = 0x10;
    cpu.ds_arbytes = cpu.es_arbytes = 0;
    cpu.gs_base = 0xffff'8880'3e00'0000;
    cpu.tr_base = 0xffff'fe00'0000'3000;
    cpu.gdtr_base = 0xffff'fe00'0000'1000;
    cpu.idtr_base = 0xffff'fe00'0000'0000;
    cpu.gdtr_limit = 0x7f;
    cpu.idtr_limit = 0xfff;
    cpu.msr_lstar = 0xffff'ffff'81e0'0080;
    cpu.flags = 1;
    return cpu;
}
// As after reset.
inline hvm_hw_cpu reset_cpu() {
    hvm_hw_cpu cpu{};
    cpu.rip = 0xfff0;
    cpu.rflags = 2;
    cpu.cr0 = 0x6000'0010;
    cpu.cs_sel = 0xf000;
    cpu.cs_base = 0xffff'0000;
    cpu.cs_limit = cpu.ds_limit = cpu.es_limit = cpu.fs_limit = cpu.gs_limit = cpu.ss_limit = 0xffff;
    cpu.cs_arbytes = 0x9b;
    cpu.ds_arbytes = cpu.es_arbytes = cpu.fs_arbytes = cpu.gs_arbytes = cpu.ss_arbytes = 0x93;
    cpu.tr_limit = cpu.ldtr_limit = cpu.gdtr_limit = cpu.idtr_limit = 0xffff;
    cpu.tr_arbytes = 0x8b;
    cpu.ldtr_arbytes = 0x82;
    return cpu;
}

}   // namespace basalt::records
