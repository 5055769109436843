#include "abi/grant_table.hpp"
#include "grants/copy.hpp"
#include "grants/map.hpp"
#include "grants/world.hpp"

namespace basalt::grants {
namespace {

using world::Domain;

constexpr std::uint64_t window = 0x7000;
constexpr unsigned in_use = GTF_reading | GTF_writing;

struct grants : world::World {
    StatusOr<Mapped> map(unsigned reference, unsigned flags = GNTMAP_host_map, std::uint64_t address = window) {
        return basalt::grants::map(mapper->grants, granter->grants, GrantRef(reference), address, flags);
    }
    Status unmap(Handle handle, std::uint64_t address = window, std::uint64_t device = 0) {
        const auto unmapped = Unmapped::begin(mapper->grants, {handle, address, device, std::nullopt});
        return unmapped ? Status::okay : unmapped.error();
    }
    void expect_idle(Mfn mfn) {
        EXPECT_EQ(frame(mfn).word().references(), 1u);
        EXPECT_EQ(frame(mfn).word().users(), 0u);
    }
};

TEST_F(grants, a_mapping_marks_the_entry_and_holds_the_frame_until_it_ends) {
    const auto page = granter->new_frame();
    granter->give(9, page, *mapper);
    const auto mapped = map(9);
    ASSERT_TRUE(mapped);
    EXPECT_EQ(mapped->frame, page);
    EXPECT_EQ(mapper->mapped.at(window).frame, page);
    EXPECT_EQ(granter->flags(9), unsigned{GTF_permit_access} | in_use);
    EXPECT_EQ(frame(page).word().users(), 1u);
    {
        const auto unmapped = Unmapped::begin(mapper->grants, {mapped->handle, window, 0, std::nullopt});
        ASSERT_TRUE(unmapped);
        EXPECT_TRUE(mapper->mapped.empty());
        EXPECT_EQ(granter->flags(9) & in_use, in_use);   // not before the flush
        EXPECT_EQ(unmap(mapped->handle), Status::bad_handle);
    }
    EXPECT_EQ(granter->flags(9), unsigned{GTF_permit_access});
    expect_idle(page);
    EXPECT_EQ(unmap(mapped->handle), Status::bad_handle);
    EXPECT_EQ(unmap(Handle(123456)), Status::bad_handle);
}

TEST_F(grants, mappings_that_end_together_are_forgotten_once_and_then_told) {
    const auto page = granter->new_frame();
    granter->give(9, page, *mapper);
    const auto first = map(9, GNTMAP_host_map, 0x1000), second = map(9, GNTMAP_host_map, 0x2000);
    int forgotten = 0;
    world::forgetting = [&] {
        ++forgotten;
        EXPECT_TRUE(mapper->mapped.empty());
        EXPECT_EQ(granter->flags(9) & in_use, in_use);
    };
    {
        UnmappedGroup group(mapper->grants);
        EXPECT_EQ(group.unmap({first->handle, 0x1000, 0, std::nullopt}), Status::okay);
        EXPECT_EQ(group.unmap({first->handle, 0x1000, 0, std::nullopt}), Status::bad_handle);
        EXPECT_EQ(group.unmap({second->handle, 0x2000, 0, std::nullopt}), Status::okay);
        EXPECT_EQ(forgotten, 0);
    }
    EXPECT_EQ(forgotten, 1);
    EXPECT_EQ(granter->flags(9) & in_use, 0u);
    expect_idle(page);
    EXPECT_EQ(UnmappedGroup(mapper->grants).unmap({first->handle, 0x1000, 0, std::nullopt}), Status::bad_handle);
    EXPECT_EQ(forgotten, 1);     // nothing ended, and nothing is remembered
}

TEST_F(grants, what_is_not_granted_is_not_mapped_and_leaves_no_trace) {
    const auto page = granter->new_frame();
    Domain third(memory, 3);
    EXPECT_EQ(map(9).error(), Status::general_error);
    EXPECT_EQ(map(entries_in_frame).error(), Status::bad_reference);
    EXPECT_EQ(map(~0u).error(), Status::bad_reference);
    granter->give(9, page, third);
    EXPECT_EQ(map(9).error(), Status::general_error);
    granter->give(9, page, *mapper, GTF_readonly);
    EXPECT_EQ(map(9).error(), Status::general_error);
    EXPECT_EQ(map(9, 0).error(), Status::bad_reference);
    granter->give(9, mapper->new_frame(), *mapper);   // not the granter's to grant
    EXPECT_EQ(map(9).error(), Status::bad_page);
    EXPECT_EQ(granter->flags(9), unsigned{GTF_permit_access});
    granter->give(9, Mfn(7), *mapper);                // no memory
    EXPECT_EQ(map(9, GNTMAP_host_map | GNTMAP_readonly).error(), Status::bad_page);
    granter->give(9, page, *mapper);
    world::no_entry_there = true;
    EXPECT_EQ(map(9).error(), Status::general_error);
    EXPECT_EQ(granter->flags(9), unsigned{GTF_permit_access});
    expect_idle(page);
    world::no_entry_there = false;
    const auto mapped = map(9);
    ASSERT_TRUE(mapped);
    EXPECT_EQ(mapped->handle, Handle(0));   // none of the refused kept one
    EXPECT_EQ(unmap(mapped->handle), Status::okay);
}

TEST_F(grants, uses_are_counted) {
    const auto page = granter->new_frame();
    granter->give(9, page, *mapper);
    const auto reading = map(9, GNTMAP_host_map | GNTMAP_readonly, 0x1000);
    EXPECT_EQ(granter->flags(9) & in_use, unsigned{GTF_reading});
    const auto writing = map(9, GNTMAP_host_map | GNTMAP_device_map, 0x2000);
    EXPECT_EQ(granter->flags(9) & in_use, in_use);
    EXPECT_EQ(unmap(writing->handle, 0x2000), Status::okay);             // the device's part stays
    EXPECT_EQ(granter->flags(9) & in_use, in_use);
    EXPECT_EQ(unmap(writing->handle, 0, 0x123000), Status::bad_device_address);
    EXPECT_EQ(unmap(writing->handle, 0, physical_of(page)), Status::okay);
    EXPECT_EQ(granter->flags(9) & in_use, unsigned{GTF_reading});
    EXPECT_EQ(unmap(writing->handle, 0, physical_of(page)), Status::bad_handle);
    EXPECT_EQ(unmap(reading->handle, 0x1000), Status::okay);
    EXPECT_EQ(granter->flags(9) & in_use, 0u);
    expect_idle(page);
}

TEST_F(grants, an_entry_in_use_is_of_the_frame_it_named_at_first) {
    const auto page = granter->new_frame(), later = granter->new_frame();
    granter->give(9, page, *mapper);
    const auto mapped = map(9);
    granter->entry(9).frame = static_cast<std::uint32_t>(later.raw);
    const auto again = map(9, GNTMAP_host_map, 0x8000);
    EXPECT_EQ(again->frame, page);
    Domain third(memory, 3);
    granter->give(9, page, third);   // while the first has it
    EXPECT_EQ(basalt::grants::map(third.grants, granter->grants, GrantRef(9), window, GNTMAP_host_map).error(),
              Status::general_error);
    EXPECT_EQ(unmap(mapped->handle), Status::okay);
    EXPECT_EQ(unmap(again->handle, 0x8000), Status::okay);
    expect_idle(page);
}

TEST_F(grants, an_entry_that_maps_something_else_by_now_is_left_alone) {
    const auto page = granter->new_frame();
    granter->give(9, page, *mapper);
    const auto mapped = map(9);
    mapper->mapped[window].frame = Mfn(300);
    EXPECT_EQ(unmap(mapped->handle), Status::general_error);
    EXPECT_EQ(granter->flags(9) & in_use, in_use);
    mapper->mapped[window].frame = page;
    EXPECT_EQ(unmap(mapped->handle), Status::okay);
}

TEST_F(grants, an_entry_with_another_right_is_left_alone) {
    const auto page = granter->new_frame();
    granter->give(9, page, *mapper);
    const auto reading = map(9, GNTMAP_host_map | GNTMAP_readonly, 0x1000);
    const auto writing = map(9, GNTMAP_host_map, 0x2000);
    EXPECT_EQ(unmap(writing->handle, 0x1000), Status::general_error);
    EXPECT_EQ(unmap(reading->handle, 0x2000), Status::general_error);
    EXPECT_EQ(granter->flags(9) & in_use, in_use);
    EXPECT_EQ(unmap(writing->handle, 0x2000), Status::okay);
    EXPECT_EQ(granter->flags(9) & in_use, unsigned{GTF_reading});
    EXPECT_EQ(unmap(reading->handle, 0x1000), Status::okay);
    expect_idle(page);
}

TEST_F(grants, handles_are_as_many_as_memory_gives_and_come_back) {
    const auto page = granter->new_frame();
    granter->give(9, page, *mapper);
    std::vector<Handle> handles;
    for (unsigned count = 0; count < 1000; ++count)
        handles.push_back(map(9, GNTMAP_host_map, 0x10000 + 0x1000 * count)->handle);
    world::pages_left = 0;
    auto last = map(9);
    for (; last; last = map(9)) handles.push_back(last->handle);
    EXPECT_EQ(last.error(), Status::no_space);
    for (const auto handle : handles) {
        auto use = Unmapped::begin(mapper->grants, {handle, 0, 0, std::nullopt});
        ASSERT_TRUE(use);
    }
    for (unsigned count = 0; count < 1000; ++count) EXPECT_EQ(unmap(handles[count], 0x10000 + 0x1000 * count), Status::okay);
    for (std::size_t count = 1000; count < handles.size(); ++count) {
        mapper->mapped[window] = {page, true};
        EXPECT_EQ(unmap(handles[count]), Status::okay);
    }
    expect_idle(page);
}

TEST_F(grants, copies_go_between_grants_and_own_pages) {
    const auto theirs = granter->new_frame(), mine = mapper->new_frame();
    auto* const from = static_cast<std::uint8_t*>(contents(theirs));
    auto* const to = static_cast<std::uint8_t*>(contents(mine));
    for (unsigned at = 0; at < page_size; ++at) from[at] = static_cast<std::uint8_t>(at * 7);
    granter->give(3, theirs, *mapper, GTF_readonly);
    const CopySide granted{.granter = &granter->grants, .reference = GrantRef(3), .offset = 100};
    const CopySide own{.own = mine, .offset = 200};
    const DomainId caller(2);
    EXPECT_EQ(copy(caller, granted, own, 300), Status::okay);
    EXPECT_EQ(std::memcmp(to + 200, from + 100, 300), 0);
    EXPECT_EQ(to[199], 0);
    EXPECT_EQ(to[500], 0);
    EXPECT_EQ(copy(caller, own, granted, 300), Status::general_error);
    granter->give(3, theirs, *mapper);
    EXPECT_EQ(copy(caller, own, granted, 300), Status::okay);
    EXPECT_EQ(copy(caller, granted, own, 4000), Status::bad_copy_argument);
    EXPECT_EQ(copy(caller, granted, {.own = theirs}, 8), Status::bad_page);
    EXPECT_EQ(copy(caller, granted, {.own = Mfn(~0ull >> 12)}, 8), Status::bad_page);
    EXPECT_EQ(granter->flags(3), unsigned{GTF_permit_access});
    expect_idle(theirs);
    expect_idle(mine);
}

TEST_F(grants, the_table_grows_to_its_limit) {
    granter->grants.limit_frames(2);
    EXPECT_TRUE(granter->grants.grow(2));
    EXPECT_EQ(granter->grants.grow(3).error(), Error::invalid);
    EXPECT_EQ(granter->grants.frame_count(), 2u);
    EXPECT_EQ(granter->grants.frame(2).error(), Error::invalid);
    granter->give(entries_in_frame + 1, granter->new_frame(), *mapper);
    const auto mapped = map(entries_in_frame + 1);
    ASSERT_TRUE(mapped);
    EXPECT_EQ(unmap(mapped->handle), Status::okay);
    world::pages_left = 1;
    EXPECT_EQ(mapper->grants.grow(2).error(), Error::no_memory);
    EXPECT_EQ(mapper->grants.frame_count(), 1u);
    world::pages_left = 100;
    EXPECT_TRUE(mapper->grants.grow(2));
}

}  // namespace
}  // namespace basalt::grants
