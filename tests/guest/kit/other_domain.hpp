// A domain that this guest makes beside itself, as a toolstack would: by domctl, and through foreign mappings.
#pragma once

#include "memory.hpp"

#include <cstdint>
#include <source_location>
#include <span>

namespace kit {

// The calls themselves, so that a case can send anything.
std::int64_t domctl(unsigned command, unsigned domain, xen_domctl_t& request);
std::int64_t domctl(unsigned command, unsigned domain);
std::int64_t sysctl(unsigned command, xen_sysctl_t& request);

// Maps a frame of another domain in our window; the answer is the hypervisor's.
std::int64_t map_foreign(const Page& window, unsigned domain, std::uint64_t mfn, std::uint64_t flags);

struct OtherDomain {
    unsigned id = 0;
    std::int64_t trouble = 0;          // the first answer on the way that was not as it should be
    int most_mapping_frames = -1;      // of its list of grants that it maps; -1: what the hypervisor allows
    unsigned vcpus = 1;

    xen_domctl_getdomaininfo_t info() const;
    std::int64_t start() const;
    bool has_ended() const;
    // Waits for its end; the reason it gave, or SHUTDOWN_crash.
    unsigned ended() const;
    std::int64_t destroy() const;

protected:
    void expect_zero(std::int64_t status) {
        if (trouble == 0) trouble = status;
    }
    // With its vcpus and a frame for each place in `frames`; they hold pfns before, and frame numbers after.
    void create(std::span<xen_pfn_t> frames);
    // One word of one of its frames.
    std::uint64_t read_word(std::uint64_t mfn, unsigned word) const;
    void write_word(std::uint64_t mfn, unsigned word, std::uint64_t value) const;
    void read_page(std::uint64_t mfn, std::span<std::byte> bytes) const;
    // A whole frame; where there is nothing to copy it is left as it is: zero.
    void write_page(std::uint64_t mfn, std::span<const std::byte> bytes);
    void set_context(vcpu_guest_context_t& context, unsigned vcpu = 0);
};

// One without memory, and as yet without the vcpus that it may have.
struct EmptyDomain : OtherDomain {
    explicit EmptyDomain(unsigned most_vcpus);
};

// Frames nobody has, once the number has come to rest.
std::uint64_t free_pages();
// As many as `before`. Stock Xen keeps what its own records of ports and mappings have once taken.
void expect_free_pages(std::uint64_t before, std::source_location where = std::source_location::current());

}
