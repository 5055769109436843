// What a grant entry permits, and how its use is noted in it. Functions without effects; grant_table.cpp applies them.
#pragma once

#include <cstdint>
#include <expected>

#include "abi/grant_table.hpp"
#include "core/number.hpp"

namespace basalt::grants {

// How a request about one grant ends, as the guest is told in its structure.
enum class Status : std::int16_t {
    okay = GNTST_okay,
    general_error = GNTST_general_error,
    bad_domain = GNTST_bad_domain,
    bad_reference = GNTST_bad_gntref,
    bad_handle = GNTST_bad_handle,
    bad_address = GNTST_bad_virt_addr,
    bad_device_address = GNTST_bad_dev_addr,
    permission_denied = GNTST_permission_denied,
    bad_page = GNTST_bad_page,
    bad_copy_argument = GNTST_bad_copy_arg,
    again = GNTST_eagain,
    no_space = GNTST_no_space,
};

template <typename T = void>
using StatusOr = std::expected<T, Status>;
constexpr std::unexpected<Status> deny(Status status) { return std::unexpected(status); }

// An entry as the two share it; the guest writes it at any time. Flags and grantee are one word, and change together.
struct SharedEntry {
    std::uint32_t header;
    std::uint32_t frame;
};
static_assert(sizeof(SharedEntry) == sizeof(grant_entry_v1_t));
static_assert(offsetof(grant_entry_v1_t, flags) == 0 && offsetof(grant_entry_v1_t, domid) == 2 &&
              offsetof(grant_entry_v1_t, frame) == offsetof(SharedEntry, frame));

constexpr std::uint32_t header_of(std::uint16_t flags, DomainId grantee) { return flags | std::uint32_t{grantee.raw} << 16; }

// The header with this use noted in it, where it permits the use.
constexpr StatusOr<std::uint32_t> marked(std::uint32_t header, DomainId who, bool writing) {
    const auto flags = static_cast<std::uint16_t>(header);
    if ((flags & GTF_type_mask) != GTF_permit_access || DomainId(static_cast<std::uint16_t>(header >> 16)) != who)
        return deny(Status::general_error);
    if (writing && (flags & GTF_readonly) != 0) return deny(Status::general_error);
    return header | GTF_reading | (writing ? GTF_writing : 0u);
}

// Who uses a grant, and how: four counts, as for a processor's and a device's reading and writing.
struct Pin {
    bool device = false;
    bool writing = false;
};

// In one word, so that all are looked at at once: 16 bits each, readers below writers.
class Pins {
public:
    static constexpr std::uint16_t most = 0x7fff;

    constexpr bool any() const { return counts_ != 0; }
    constexpr bool writers() const { return counts_ >> place({.device = false, .writing = true}) != 0; }
    constexpr bool room_for(Pin pin) const { return count(pin) != most; }
    constexpr void add(Pin pin) { counts_ += one(pin); }
    constexpr void take(Pin pin) { counts_ -= one(pin); }
    constexpr bool has(Pin pin) const { return count(pin) != 0; }
    friend constexpr bool operator==(const Pins&, const Pins&) = default;

private:
    static constexpr unsigned place(Pin pin) { return (pin.writing ? 32 : 0) + (pin.device ? 16 : 0); }
    static constexpr std::uint64_t one(Pin pin) { return std::uint64_t{1} << place(pin); }
    constexpr std::uint16_t count(Pin pin) const { return static_cast<std::uint16_t>(counts_ >> place(pin)); }
    std::uint64_t counts_ = 0;
};

static_assert(*marked(header_of(GTF_permit_access, DomainId(3)), DomainId(3), true) ==
              header_of(GTF_permit_access | GTF_reading | GTF_writing, DomainId(3)));
static_assert(*marked(header_of(GTF_permit_access | GTF_readonly, DomainId(3)), DomainId(3), false) ==
              header_of(GTF_permit_access | GTF_readonly | GTF_reading, DomainId(3)));
static_assert(!marked(header_of(GTF_permit_access | GTF_readonly, DomainId(3)), DomainId(3), true));
static_assert(!marked(header_of(GTF_permit_access, DomainId(3)), DomainId(4), false));
static_assert(!marked(header_of(GTF_accept_transfer, DomainId(3)), DomainId(3), false));
static_assert(!marked(0, DomainId(0), false));

}  // namespace basalt::grants
