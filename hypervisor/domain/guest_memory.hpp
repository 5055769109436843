// A guest's memory at addresses of its own, resolved as its kind does: the one place where a GuestPointer meets memory. In
// line, because with a PV guest it is the few instructions of the copy; a kind without its case does not compile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "core/result.hpp"
#include "domain/vcpu.hpp"
#include "machine/user_copy.hpp"

namespace basalt {

// Seams of guests/: of a guest whose tables are its own affair. bad_address: as below.
Result<> read_by_walk(const Vcpu& vcpu, std::span<std::byte> to, std::uint64_t from);
Result<> write_by_walk(const Vcpu& vcpu, std::uint64_t to, std::span<const std::byte> from);

// bad_address: not the guest's to name, not there, or not writable. The vcpu runs here, or did until now.
inline Result<> guest_read(const Vcpu& vcpu, std::span<std::byte> to, std::uint64_t from) {
    switch (vcpu.kind) {
        case GuestKind::pv:   // its tables are the ones that are loaded
            if (!guest_may_name(from, to.size()) || copy_from_guest(to.data(), from, to.size()) != 0)
                return refuse(Error::bad_address);
            return {};
        case GuestKind::hvm: return read_by_walk(vcpu, to, from);
    }
    std::unreachable();
}

inline Result<> guest_write(const Vcpu& vcpu, std::uint64_t to, std::span<const std::byte> from) {
    switch (vcpu.kind) {
        case GuestKind::pv:
            if (!guest_may_name(to, from.size()) || copy_to_guest(to, from.data(), from.size()) != 0)
                return refuse(Error::bad_address);
            return {};
        case GuestKind::hvm: return write_by_walk(vcpu, to, from);
    }
    std::unreachable();
}

// Whether the guest may name the range for later, mapped or not.
inline bool may_name(const Vcpu& vcpu, std::uint64_t address, std::uint64_t size) {
    switch (vcpu.kind) {
        case GuestKind::pv: return guest_may_name(address, size);
        case GuestKind::hvm: return true;   // all addresses are its own
    }
    std::unreachable();
}

}  // namespace basalt
