#include "acts.hpp"

#include "memory/allocator.hpp"
#include "memory/reservation.hpp"
#include "memory/start.hpp"
#include "paging/mmu.hpp"
#include "paging/pins.hpp"
#include "paging/take.hpp"

namespace basalt::interleaved::acts {

using namespace paging;

namespace {

constexpr std::uint64_t read_only = page_bit::present | page_bit::user;
constexpr std::uint64_t writable = read_only | page_bit::writable;

// As page-table calls do: each ends with the work that it, or another of the same domain, has left.
template <typename Call>
void as_a_call(DomainMemory& domain, std::int64_t entries, Call call) {
    Budget budget(entries);
    call(budget);
    finish_undoing(domain, budget);
}

void write(World& world, unsigned domain, Role table, unsigned index, std::uint64_t value) {
    auto& owner = world.domain(domain);
    as_a_call(owner, Budget::one_call, [&](Budget& budget) {
        TableHold hold;
        static_cast<void>(update(hold, physical_of(world.mfn(table)) | index * 8, value, {&owner, &owner}, budget));
    });
}

void pin_at(World& world, unsigned domain, Role role, unsigned level) {
    as_a_call(world.domain(domain), Budget::one_call,
              [&](Budget& budget) { static_cast<void>(pin(world.mfn(role), PageLevel(level), world.domain(domain), budget)); });
}
void unpin_it(World& world, Role role) {
    auto& owner = world.domain(0);
    as_a_call(owner, Budget::one_call, [&](Budget&) { static_cast<void>(unpin(world.mfn(role), owner)); });
}

}    // namespace

const Act map_writable{"map_writable", [](World& world) {
                           write(world, 0, Role::level1, 0, PageEntry::of(world.mfn(Role::page), writable).raw());
                       }};
const Act map_read_only{"map_read_only", [](World& world) {
                            write(world, 0, Role::level1, 0, PageEntry::of(world.mfn(Role::page), read_only).raw());
                        }};
const Act map_other{
    "map_other", [](World& world) { write(world, 0, Role::level1, 0, PageEntry::of(world.mfn(Role::other), writable).raw()); }};
const Act unmap{"unmap", [](World& world) { write(world, 0, Role::level1, 0, 0); }};
const Act map_again{
    "map_again", [](World& world) { write(world, 0, Role::level1, 1, PageEntry::of(world.mfn(Role::page), writable).raw()); }};
const Act unmap_again{"unmap_again", [](World& world) { write(world, 0, Role::level1, 1, 0); }};
const Act protect_by_store{"protect_by_store", [](World& world) {
                               as_a_call(world.domain(0), Budget::one_call, [&](Budget& budget) {
                                   TableHold table;
                                   auto& owner = world.domain(0);
                                   if (!table.hold(world.mfn(Role::level1), owner).done() || table.use() != Use::l1_table)
                                       return;
                                   const PageEntry found = table.entry(0);
                                   static_cast<void>(
                                       exchange_entry(table, 0, found, found.without(page_bit::writable), owner, budget));
                               });
                           }};

const Act pin_page{"pin_page", [](World& world) { pin_at(world, 0, Role::page, 1); }};
const Act pin_page_as_level_2{"pin_page_as_level_2", [](World& world) { pin_at(world, 0, Role::page, 2); }};
const Act use_as_level_1{"use_as_level_1", [](World& world) {
                             as_a_call(world.domain(0), Budget::one_call, [&](Budget& budget) {
                                 const auto use = take_use(world.mfn(Role::page), Use::l1_table, world.domain(0), budget);
                                 if (!use.done()) return;
                                 const Frame& record = frame(world.mfn(Role::page));
                                 world.claim(record.is_of(world.domain(0).id), "page: another's is used as a table");
                                 world.claim(record.word().use() == Use::l1_table, "page: used as a table that it is not");
                             });
                         }};
const Act unpin_page{"unpin_page", [](World& world) { unpin_it(world, Role::page); }};
const Act link_page{
    "link_page", [](World& world) { write(world, 0, Role::level2, 1, PageEntry::of(world.mfn(Role::page), writable).raw()); }};
const Act unlink_page{"unlink_page", [](World& world) { write(world, 0, Role::level2, 1, 0); }};

const Act pin_tree{"pin_tree", [](World& world) { pin_at(world, 0, Role::tree, 2); }};
// So little may be done at a time that the check rests between its entries; the guest does not come back.
const Act pin_half_a_tree{"pin_half_a_tree", [](World& world) {
                              as_a_call(world.domain(0), 1, [&](Budget& budget) {
                                  static_cast<void>(pin(world.mfn(Role::tree), PageLevel(2), world.domain(0), budget));
                              });
                          }};
const Act unpin_tree{"unpin_tree", [](World& world) { unpin_it(world, Role::tree); }};

const Act write_page{
    "write_page", [](World& world) { write(world, 0, Role::page, 0, PageEntry::of(world.mfn(Role::other), read_only).raw()); }};
const Act clear_page{"clear_page", [](World& world) {
                         as_a_call(world.domain(0), Budget::one_call, [&](Budget&) {
                             static_cast<void>(paging::clear_page(world.mfn(Role::page), world.domain(0)));
                         });
                     }};
const Act load_descriptors{"load_descriptors",
                           [](World& world) { static_cast<void>(take_descriptors(world.mfn(Role::page), world.domain(0))); }};
const Act exchange_page_in_vain{"exchange_page_in_vain", [](World& world) {
                                    Exchange exchange(world.domain(0));
                                    static_cast<void>(exchange.give(world.mfn(Role::page), 0));
                                }};
const Act release_page{"release_page",
                       [](World& world) { static_cast<void>(decrease(world.domain(0), world.mfn(Role::page), 0)); }};

const Act load_cr3{"load_cr3", [](World& world) { world.load_cr3(); }};

const Act enter_1{"enter_1", [](World& world) { world.enter_root(Role::root); }};
const Act enter_2{"enter_2", [](World& world) { world.enter_root(Role::root2); }};
const Act idle{"idle", [](World& world) { world.enter_root(no_root); }};

const Act end_1{"end_1", [](World& world) {
                    Budget budget;
                    static_cast<void>(release_all(world.domain(0), first_mib.end.raw, budget));
                }};

const Act populate_2{"populate_2",
                     [](World& world) { static_cast<void>(populate(world.domain(1), Pfn(1), {.from_reserve = true})); }};
const Act map_2{"map_2",
                [](World& world) { write(world, 1, Role::level1_2, 0, PageEntry::of(world.mfn(Role::page), writable).raw()); }};
const Act map_foreign_2{"map_foreign_2", [](World& world) {
                            as_a_call(world.domain(1), Budget::one_call, [&](Budget& budget) {
                                TableHold hold;
                                static_cast<void>(update(hold, physical_of(world.mfn(Role::level1_2)),
                                                         PageEntry::of(world.mfn(Role::page), writable).raw(),
                                                         {&world.domain(1), &world.domain(0)}, budget));
                            });
                        }};
const Act unmap_2{"unmap_2", [](World& world) { write(world, 1, Role::level1_2, 0, 0); }};
const Act name_tables_2{"name_tables_2", [](World& world) {
                            for (unsigned index : {0U, 1U})
                                write(world, 1, Role::page, index, PageEntry::of(world.mfn(Role::other_2), writable).raw());
                        }};
const Act pin_half_2{"pin_half_2", [](World& world) {
                         as_a_call(world.domain(1), 1, [&](Budget& budget) {
                             static_cast<void>(pin(world.mfn(Role::page), PageLevel(2), world.domain(1), budget));
                         });
                     }};
const Act keep_one{"keep_one", [](World&) {
                       if (const auto kept = allocate_frames()) free_frames(*kept);
                   }};
const Act share_one_2{"share_one_2", [](World& world) {
                          const auto shared = allocate_frames();
                          if (!shared) return;
                          frame(*shared).share_with(world.domain(1).id);
                          frame(*shared).unshare();
                          drop_use_and_reference(*shared);
                      }};
const Act pin_2{"pin_2", [](World& world) { pin_at(world, 1, Role::page, 1); }};

}    // namespace basalt::interleaved::acts
