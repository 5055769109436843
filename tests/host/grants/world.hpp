// Domains with grant tables and frames; their page tables are a map from addresses to frames and rights.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>

#include "fakes/memory.hpp"
#include "grants/grant_table.hpp"
#include "grants/seams.hpp"

namespace basalt::grants::world {

struct Domain {
    Domain(fakes::Memory& memory, std::uint16_t number);

    Mfn new_frame();
    SharedEntry& entry(unsigned reference);
    void give(unsigned reference, Mfn frame, Domain& to, unsigned flags = 0);
    unsigned flags(unsigned reference) { return entry(reference).header & 0xffff; }

    DomainMemory& memory;
    GrantTable grants;
    std::map<std::uint64_t, Lent> mapped;
};

struct World : testing::Test {
    World();
    ~World() override;

    fakes::Memory memory{256};
    std::unique_ptr<Domain> granter, mapper;
    std::uint64_t free_at_first;
};

extern World* now;
extern Domain* runner;        // whose vcpu runs
extern bool no_entry_there;   // map_there and unmap_there refuse
extern int pages_left;        // of records, until there is no memory
extern int pages_held;
extern std::function<void()> forgetting;   // called when translations are forgotten

}  // namespace basalt::grants::world
