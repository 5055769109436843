// A root that takes long to check, and long to take apart: 500 level-1 tables without an empty entry. How far that has
// come can be seen meanwhile.
#pragma once

#include "memory.hpp"

#include <cstdint>

namespace kit {

class LargeRoot {
public:
    static constexpr unsigned tables = 500;
    static constexpr unsigned samples = 50;      // tables that tell, at equal distances

    // Nobody uses it, and nobody has checked it. In a twin: of the twin's own pages, by its own call.
    void build();
    std::uint64_t mfn() const { return root_->mfn(); }

    // The table of it that is taken apart last, where tables are taken in the order of their entries or against it.
    std::uint64_t first_table() const { return sample(0).mfn(); }
    std::uint64_t last_table() const { return sample(samples - 1).mfn(); }

    // Of the samples, how many are checked: entries that are marked then, as the hypervisor stores them.
    std::uint64_t checked() const;

    // While it is in use: each sample maps a frame that the domain has given back, and that goes when the table is
    // taken apart.
    void give_frames_back();
    std::uint64_t gone() const;
    // Once all are gone.
    void take_new_frames();

private:
    static Page& sample(unsigned number);
    void fill(unsigned table);

    Page* root_ = nullptr;
    std::uint64_t pages_before_ = 0;
};

}
