// A grant is used while its granter changes, revokes and grants it anew.
#include "abi/grant_table.hpp"
#include "grants_world.hpp"

namespace basalt::interleaved::granting {
namespace {

using Some = Acts<World>;

constexpr std::uint32_t host = GNTMAP_host_map, device = GNTMAP_device_map;

const Act<World> map_to_write{"map_to_write", [](World& world, unsigned cpu) { world.map(cpu, host); }};
const Act<World> map_to_read{"map_to_read", [](World& world, unsigned cpu) { world.map(cpu, host | GNTMAP_readonly); }};
const Act<World> map_both{"map_both", [](World& world, unsigned cpu) { world.map(cpu, host | device); }};
const Act<World> unmap{"unmap", [](World& world, unsigned cpu) { world.unmap(cpu, cpu, host); }};
const Act<World> unmap_of_0{"unmap_of_0", [](World& world, unsigned cpu) { world.unmap(cpu, 0, host); }};
const Act<World> unmap_device_of_0{"unmap_device_of_0", [](World& world, unsigned cpu) { world.unmap(cpu, 0, device); }};
const Act<World> copy_in{"copy_in", [](World& world, unsigned cpu) { world.copy(cpu, true); }};
const Act<World> copy_out{"copy_out", [](World& world, unsigned cpu) { world.copy(cpu, false); }};
const Act<World> end_user{"end_user", [](World& world, unsigned) { world.end_user(); }};

// Of the granter, as kernels do it: only where nobody uses the grant.
const Act<World> revoke{"revoke", [](World& world, unsigned) { world.write_if_unused(0, granted_frame); }};
const Act<World> grant_other{"grant_other", [](World& world, unsigned) { world.write_if_unused(granted, other_frame); }};
const Act<World> grant_less{"grant_less",
                            [](World& world, unsigned) { world.write_if_unused(granted_to_read, granted_frame); }};
// And as they should not.
const Act<World> take_away{"take_away", [](World& world, unsigned) { world.write(0, granted_frame); }};
const Act<World> take_writing{"take_writing", [](World& world, unsigned) { world.write(granted_to_read, granted_frame); }};
const Act<World> give_to_stranger{"give_to_stranger",
                                  [](World& world, unsigned) { world.write(granted_to_stranger, granted_frame); }};
const Act<World> swap_frame{"swap_frame", [](World& world, unsigned) { world.write(granted, other_frame); }};

using Grants = Interleaved<World>;

const std::vector<Some> uses{{map_to_write}, {map_to_read}, {map_to_write, unmap}, {map_to_read, unmap}, {unmap},
                             {copy_in},      {copy_out}};
const std::vector<Some> grantings{{revoke},       {grant_other},      {grant_less}, {take_away},
                                  {take_writing}, {give_to_stranger}, {swap_frame}, {take_away, grant_other}};

TEST_F(Grants, EveryUseBesideWhateverTheGranterDoes) {
    for (const Some& before : {Some{}, {map_to_write}, {map_to_read}, {grant_less}, {take_away}})
        for (const Some& use : uses)
            for (const Some& granting : grantings)
                if (holds(before, use, granting); HasFailure()) return;
}

TEST_F(Grants, EveryUseBesideAnother) { hold_in_pairs({{}, {map_to_write}, {map_to_read}, {grant_less}}, uses); }

// One call has it in hand, and others are refused meanwhile: nothing ends twice.
TEST_F(Grants, OneMappingIsEndedByTwo) {
    const std::vector<Some> ends{{unmap_of_0}, {unmap_device_of_0}, {unmap_of_0, unmap_device_of_0}, {end_user}};
    hold_in_pairs({{map_to_write}, {map_both}}, ends);
}

}    // namespace
}    // namespace basalt::interleaved::granting
