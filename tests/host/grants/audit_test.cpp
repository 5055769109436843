// Hand-made damage of each kind is found, and named by the grant or the mapping.
#include "abi/grant_table.hpp"
#include "grants/audit.hpp"

#include "grants/map.hpp"
#include "grants/world.hpp"

namespace basalt::grants {
namespace {

struct audit : world::World {
    audit() {
        page = granter->new_frame();
        granter->give(9, page, *mapper);
        handle = map(GNTMAP_host_map | GNTMAP_device_map, 0x7000);
        read_only = map(GNTMAP_host_map | GNTMAP_readonly, 0x8000);
    }
    ~audit() override {
        end(read_only, 0x8000, 0);
        end(handle, 0x7000, physical_of(page));
    }
    Handle map(unsigned flags, std::uint64_t address) {
        return basalt::grants::map(mapper->grants, granter->grants, GrantRef(9), address, flags)->handle;
    }
    void end(Handle which, std::uint64_t address, std::uint64_t device) {
        EXPECT_TRUE(Unmapped::begin(mapper->grants, {which, address, device, std::nullopt}));
    }
    std::string told() {
        for (auto* domain : {granter.get(), mapper.get()})
            if (const auto wrong = wrong_with_mappings(domain->grants)) return said(*wrong);
        for (auto* domain : {granter.get(), mapper.get()}) {
            Audit audit(domain->grants, pins);
            audit.count(granter->grants);
            audit.count(mapper->grants);
            if (const auto wrong = audit.first_finding()) return said(*wrong);
        }
        return "";
    }
    static std::string said(const Finding& wrong) {
        return "d" + std::to_string(wrong.domain.raw) + " " + std::string(wrong.kind) + " " + std::to_string(wrong.number) +
               ": " + std::string(wrong.what);
    }
    // The record of the mapping as it becomes for the length of one look.
    std::string told_with(auto change) {
        auto& mapping = *mapper->grants.mappings.with([&](MapTrack& track) { return track.find(handle); });
        const auto was = mapping;
        change(mapping);
        const auto said = told();
        mapping = was;
        EXPECT_EQ(told(), "");
        return said;
    }

    std::vector<Pins> pins = std::vector<Pins>(Audit::most_entries());
    Mfn page;
    Handle handle, read_only;
};

TEST_F(audit, mappings_and_pins_agree) {
    EXPECT_EQ(told(), "");
    EXPECT_TRUE(has_mapped(mapper->grants, page, true));
    EXPECT_FALSE(has_mapped(granter->grants, page, false));
}

TEST_F(audit, a_pin_that_nobody_has_is_found_and_one_that_is_missing) {
    ASSERT_TRUE(granter->grants.pin(GrantRef(9), mapper->grants.self(), {false, false}));
    EXPECT_EQ(told(), "d1 grant 9: pins");
    granter->grants.unpin(GrantRef(9), {false, false});
    granter->grants.unpin(GrantRef(9), {true, true});
    EXPECT_EQ(told(), "d1 grant 9: pins");
    ASSERT_TRUE(granter->grants.pin(GrantRef(9), mapper->grants.self(), {true, true}));
    EXPECT_EQ(told(), "");
}

TEST_F(audit, a_pin_of_a_grant_that_nobody_maps_is_found) {
    granter->give(10, page, *mapper);
    ASSERT_TRUE(granter->grants.pin(GrantRef(10), mapper->grants.self(), {false, false}));
    EXPECT_EQ(told(), "d1 grant 10: pins");
    granter->grants.unpin(GrantRef(10), {false, false});
    EXPECT_EQ(told(), "");
}

TEST_F(audit, a_mapping_says_what_the_granter_says) {
    EXPECT_EQ(told_with([](Mapping& mapping) { mapping.frame += 1; }), "d1 grant 9: frame");
    EXPECT_EQ(told_with([](Mapping& mapping) { mapping.flags |= GNTMAP_readonly; }), "d1 grant 9: pins");
    EXPECT_EQ(told_with([](Mapping& mapping) { mapping.flags &= ~unsigned{GNTMAP_device_map}; }), "d1 grant 9: pins");
    EXPECT_EQ(told_with([](Mapping& mapping) { mapping.reference = GrantRef(100'000); }),
              "d2 mapping " + std::to_string(handle.raw) + ": grant that is not there");
}

TEST_F(audit, a_mapping_is_live_and_its_granter_is_there) {
    const auto mapping_is = [&](std::string what) { return "d2 mapping " + std::to_string(handle.raw) + ": " + what; };
    EXPECT_EQ(told_with([](Mapping& mapping) { mapping.state = Mapping::State::ending; }), mapping_is("state"));
    EXPECT_EQ(told_with([](Mapping& mapping) { mapping.flags = 0; }), mapping_is("flags of a live one"));
    EXPECT_EQ(told_with([](Mapping& mapping) { mapping.granter = nullptr; }), mapping_is("granter who is not there"));
}

TEST_F(audit, every_free_handle_can_be_found) {
    const auto [free, next] = mapper->grants.mappings.with([](MapTrack& track) {
        auto& last = *track.find(Handle(MapTrack::in_page - 1));
        return std::pair(&last, last.next_free);
    });
    free->next_free = read_only.raw;   // into what is in use
    EXPECT_EQ(told(), "d2 mapping 0: number of free ones");
    free->next_free = next;
    EXPECT_EQ(told(), "");
}

}  // namespace
}  // namespace basalt::grants
