// The rules of frames and page tables under every interleaving of two CPUs.
#include <gtest/gtest.h>

#include <cstdio>

#include "scenario.hpp"

namespace basalt::interleaved {
namespace {

using namespace acts;

const Acts page_acts{map_writable,          map_read_only, map_other,  unmap,
                     protect_by_store,      pin_page,      unpin_page, link_page,
                     unlink_page,           write_page,    clear_page, load_descriptors,
                     exchange_page_in_vain, release_page,  load_cr3};

std::string in_words(const Acts& acts) {
    std::string said;
    for (const auto& act : acts) said += (said.empty() ? "" : ", ") + std::string(act.name);
    return said.empty() ? "nothing" : said;
}

class Rules : public ::testing::Test {
protected:
    void holds(const Scenario& scenario) {
        const auto explored = explore(world, scenario);
        states += explored.states;
        steps += explored.steps;
        ++scenarios;
        EXPECT_EQ(explored.wrong, "") << "before: " << in_words(scenario.before)
                                      << "; cpu 0: " << in_words(scenario.programs[0])
                                      << "; cpu 1: " << in_words(scenario.programs[1]) << "\n"
                                      << explored.trace;
    }
    void TearDown() override {
        if (scenarios != 0)
            std::printf("%llu scenarios, %llu states, %llu steps\n", static_cast<unsigned long long>(scenarios),
                        static_cast<unsigned long long>(states), static_cast<unsigned long long>(steps));
    }
    static inline World world;
    std::uint64_t states = 0, steps = 0, scenarios = 0;
};

TEST_F(Rules, EveryPairOfActsOnAPageFromEveryState) {
    for (const Acts& before : {Acts{}, {map_writable}, {map_writable, unmap}, {pin_page}, {pin_page, unpin_page}, {link_page}})
        for (std::size_t one = 0; one < page_acts.size(); ++one)
            for (std::size_t other = one; other < page_acts.size(); ++other)
                if (holds({before, {{page_acts[one]}, {page_acts[other]}}}); HasFailure()) return;
}

// Who takes a table that is checked already has looked at what it is before.
TEST_F(Rules, ATableBecomesAnotherUnderWhoeverTakesIt) {
    for (const Acts& other : {Acts{unpin_page, pin_page_as_level_2}, {unpin_page, map_writable}, {unpin_page, pin_page}})
        if (holds({.before = {pin_page}, .programs = {{use_as_level_1}, other}, .most_turns = 4}); HasFailure()) return;
    for (const Acts& hands : {Acts{release_page, populate_2, pin_2}, {release_page, populate_2, map_2}}) {
        holds({{pin_page, unpin_page}, {{use_as_level_1}, hands}, Fault::none, {Role::root, Role::root2}, 4});
        if (HasFailure()) return;
    }
}

// A table of tables, whose check may rest half done, and be gone on with by the other CPU.
TEST_F(Rules, EveryActBesideWhatIsDoneWithATree) {
    auto every_act = page_acts;
    every_act.append_range(Acts{pin_tree, pin_half_a_tree, unpin_tree});
    const struct {
        Acts before;
        Act act;
    } trees[] = {{{}, pin_tree}, {{}, pin_half_a_tree}, {{pin_half_a_tree}, pin_tree}, {{pin_tree}, unpin_tree}};
    for (const auto& [before, act] : trees)
        for (const auto& other : every_act)
            if (holds({before, {{act}, {other}}}); HasFailure()) return;
}

// Who drops the last use may have read the clock before the other's entry went. (unpin_page is refused: but the clock ticks.)
TEST_F(Rules, TwoMappingsGoAndTheirPageBecomesATable) {
    for (const Acts& other : {Acts{unmap_again}, {unmap_again, load_cr3}, {unpin_page, load_cr3, unmap_again}})
        if (holds({{map_writable, map_again}, {{unmap, pin_page}, other}}); HasFailure()) return;
}

// How long ago it was stamped before makes no difference.
TEST_F(Rules, APageLongInUseBecomesATable) {
    for (const FlushTime idle : {wrap / 2 - 8, wrap / 2, wrap - 8, wrap})
        for (const auto& other : {map_again, load_cr3, release_page}) {
            holds({.before = {map_writable, unmap, map_writable}, .programs = {{unmap, pin_page}, {other}}, .idle = idle});
            if (HasFailure()) return;
        }
}

// A CPU that has left a domain's tables is not asked for them, and one that comes is either asked or sees what has changed.
TEST_F(Rules, ACpuComesAndGoesBesideWhatIsDoneWithAPage) {
    for (const Acts& comes_and_goes : {Acts{enter_2}, {enter_2, enter_1}, {idle, enter_1}})
        for (const Acts& done :
             {Acts{unmap, pin_page}, {unmap, load_descriptors}, {unmap, release_page, populate_2}, {unlink_page, map_writable}})
            for (const Role root : {Role::root, Role::root2, no_root}) {
                holds({.before = {done[0].name == unmap.name ? map_writable : link_page},
                       .programs = {done, comes_and_goes},
                       .roots = {Role::root, root}});
                if (HasFailure()) return;
            }
}

// Another domain that may map the page has had it mapped, or is about to: its CPUs are asked too, though they never walk the
// owner's tables, whatever becomes of the page.
TEST_F(Rules, ACpuForgetsAPageOfAnothersThatItMaps) {
    const struct {
        Acts before, other;
    } stories[] = {{{map_foreign_2}, {enter_1}},
                   {{map_foreign_2}, {enter_2}},
                   {{map_foreign_2}, {idle, enter_2}},
                   {{map_writable, map_foreign_2, unmap}, {enter_2}},
                   {{}, {map_foreign_2}}};
    for (const auto& [before, other] : stories)
        for (const Acts& done : {Acts{unmap_2, pin_page}, {unmap_2, load_descriptors}, {unmap_2, release_page, populate_2}})
            for (const Role root : {Role::root2, no_root}) {
                holds({.before = before, .programs = {done, other}, .roots = {Role::root, root}, .most_turns = 4});
                if (HasFailure()) return;
            }
}

// While one CPU has looked at a frame's owner, but not yet taken the frame, it goes through another domain's
// hands.
TEST_F(Rules, AFrameChangesHandsUnderWhoeverTakesIt) {
    for (const auto& act : {pin_page, pin_page_as_level_2, map_writable, map_read_only, link_page, write_page, clear_page,
                            load_descriptors, exchange_page_in_vain, release_page})
        for (const Acts& hands : {Acts{release_page, populate_2, map_2, unmap_2, pin_2},
                                  Acts{release_page, populate_2, name_tables_2, pin_half_2}}) {
            holds({{}, {{act}, hands}, Fault::none, {Role::root, Role::root2}, 4});
            if (HasFailure()) return;
        }
}

// The same, while it becomes Basalt's own, and is given back.
TEST_F(Rules, AFrameBecomesBasaltsUnderWhoeverTakesIt) {
    for (const Act* const act : {&share_one_2, &keep_one})
        for (const Act* const taker : {&map_foreign_2, &map_writable, &pin_page, &release_page}) {
            holds({{}, {{*taker}, {release_page, *act}}, Fault::none, {Role::root2, Role::root}, 4});
            if (HasFailure()) return;
        }
}

// Its vcpus have stopped, and another domain maps a page of it, or gets its frames.
TEST_F(Rules, ADomainEndsBesideWhoMapsItsPages) {
    for (const Acts& before : {Acts{}, {map_writable}, {pin_page}, {link_page}, {pin_half_a_tree}})
        for (const Acts& other : {Acts{map_foreign_2, unmap_2}, {populate_2, map_foreign_2, unmap_2}, {populate_2, load_cr3}})
            if (holds({before, {{end_1}, other}, Fault::none, {Role::root2, Role::root2}, 3}); HasFailure()) return;
}

// The model would notice: with a rule, the flush or the memory made wrong, it finds the way to a wrong state.
TEST_F(Rules, EachFaultIsFoundAndItsTraceNamed) {
    const Acts unmap_and_pin{unmap, pin_page};
    const struct {
        Scenario scenario;
        std::string_view wrong;
    } faults[] = {
        {{{map_writable}, {unmap_and_pin, {}}, Fault::flushes_are_forgotten},
         "cpu 0 still can write what is in a use of trust: page"},
        {{{map_writable}, {unmap_and_pin, {unpin_page, load_cr3}}, Fault::the_clock_is_read_early},
         "cpu 1 still can write what is in a use of trust: page"},
        {{{map_writable}, {unmap_and_pin, {}}, Fault::stamps_are_lost},
         "cpu 0 still can write what is in a use of trust: page"},
        {{{map_writable}, {unmap_and_pin, {}}, Fault::former_uses_are_forgotten},
         "cpu 0 still can write what is in a use of trust: page"},
        {{{}, {{pin_page}, {}}, Fault::checks_count_at_once}, "other: a writable entry without its use"},
        {{{}, {{pin_page, link_page, unpin_page}, {}}, Fault::uses_are_not_counted},
         "level2: named as a table without that use"},
        {{{}, {{map_writable}, {map_other}}, Fault::entries_are_written_blindly}, "page: references at the end"},
        {{{}, {{map_writable}, {clear_page}}, Fault::records_are_written_blindly}, "page: a writable entry without its use"},
    };
    for (const auto& fault : faults) {
        const auto explored = explore(world, fault.scenario);
        EXPECT_EQ(explored.wrong, fault.wrong);
        EXPECT_NE(explored.trace, "");
    }
}

}    // namespace
}    // namespace basalt::interleaved
