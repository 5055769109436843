// Another domain, as a toolstack makes it: seven frames, one vcpu, a few instructions to run. Its creator writes its
// memory through foreign mappings, and pins its page tables for it.
#pragma once

#include "memory.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace kit {

// The calls themselves, so that a case can send anything.
std::int64_t domctl(unsigned command, unsigned domain, xen_domctl_t& request);
std::int64_t domctl(unsigned command, unsigned domain);
std::int64_t sysctl(unsigned command, xen_sysctl_t& request);

// Maps a frame of another domain in our window; the answer is the hypervisor's.
std::int64_t map_foreign(const Page& window, unsigned domain, std::uint64_t mfn, std::uint64_t flags);

// Its address space: code at image_base, data one page behind.
constexpr std::uint64_t small_data = image_base + page_size;

struct SmallDomain {
    enum Frame { code, data, level1, level2, level3, level4, spare, count };

    unsigned id = 0;
    std::array<xen_pfn_t, count> frames{};
    std::int64_t trouble = 0;          // the first answer on the way that was not as it should be

    // Everything up to the first unpause. `instructions` may call the hypervisor by SYSCALL at once.
    explicit SmallDomain(std::span<const std::byte> instructions);

    std::uint64_t read(Frame frame, unsigned word) const;
    void write(Frame frame, unsigned word, std::uint64_t value) const;
    xen_domctl_getdomaininfo_t info() const;
    std::int64_t start() const;
    // Waits for its end; the reason it gave, or SHUTDOWN_crash.
    unsigned ended() const;
    std::int64_t destroy() const;

private:
    void expect_zero(std::int64_t status) {
        if (trouble == 0) trouble = status;
    }
    void create();
    void fill(std::span<const std::byte> instructions);
    void prepare_vcpu();
};

// Frames nobody has, once the number has come to rest.
std::uint64_t free_pages();

}
