// Another domain that is a copy of this guest as it is now: the same image at the same addresses, with memory and page
// tables of its own. It begins at a function of ours, on a fresh stack, and finds start_info, p2m and all of the kit
// as a first domain does; but it is no privileged one.
#pragma once

#include "other_domain.hpp"

#include <cstdint>
#include <span>

namespace kit {

// One at a time: the list of its frames is the kit's.
class Twin : public OtherDomain {
public:
    // Everything up to the first unpause. `body` does not return; it has vcpu `runs`, and the others are down.
    explicit Twin(void (*body)(), unsigned vcpus = 1, unsigned runs = 0);

    // A word of ours, in its copy.
    std::uint64_t read(const volatile std::uint64_t& word) const;
    void write(const volatile std::uint64_t& word, std::uint64_t value) const;

private:
    // Its pages, in the order of their addresses: the image, start_info, the p2m, the tables from level 1 on.
    std::uint64_t mfn_at(std::uint64_t page) const;
    void copy_image();
    void write_start_info();
    void write_p2m();
    void write_tables();
    void prepare_vcpu(void (*body)(), unsigned runs);

    std::span<xen_pfn_t> frames_;
};

}
