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

// bad_address: not the guest's to name, not there, or not writable. The vcpu runs here, or did until now.
inline Result<> guest_read(const Vcpu& vcpu, std::span<std::byte> to, std::uint64_t from) {
    switch (vcpu.kind) {
        case GuestKind::pv:   // its tables are the ones that are loaded
            if (!guest_may_name(from, to.size()) || copy_from_guest(to.data(), from, to.size()) != 0)
                return refuse(Error::bad_address);
            return {};
    }
    std::unreachable();
}

inline Result<> guest_write(const Vcpu& vcpu, std::uint64_t to, std::span<const std::byte> from) {
    switch (vcpu.kind) {
        case GuestKind::pv:
            if (!guest_may_name(to, from.size()) || copy_to_guest(to, from.data(), from.size()) != 0)
                return refuse(Error::bad_address);
            return {};
    }
    std::unreachable();
}

// Whether the guest may name the range for later, mapped or not.
inline bool may_name(const Vcpu& vcpu, std::uint64_t address, std::uint64_t size) {
    switch (vcpu.kind) {
        case GuestKind::pv: return guest_may_name(address, size);
    }
    std::unreachable();
}

}  // namespace basalt
