#include "grants/world.hpp"

#include <cstdlib>
#include <cstring>

#include "abi/grant_table.hpp"
#include "grants/audit.hpp"
#include "memory/allocator.hpp"
#include "memory/free_memory.hpp"

namespace basalt::grants {
namespace world {

Domain* runner = nullptr;
bool no_entry_there = false;
int pages_left = 0;
int pages_held = 0;
std::function<void()> forgetting;
World* now = nullptr;

Domain::Domain(fakes::Memory& memory, std::uint16_t number) : memory(memory.add_domain(number, 100)), grants(DomainId(number)) {
    if (!grants.grow(1)) std::abort();
}

Mfn Domain::new_frame() {
    const auto frame = allocate_for(memory, {});
    if (!frame) std::abort();
    return *frame;
}

SharedEntry& Domain::entry(unsigned reference) {
    const auto frame = *grants.frame(reference / entries_in_frame);
    return static_cast<SharedEntry*>(contents(frame))[reference % entries_in_frame];
}

void Domain::give(unsigned reference, Mfn frame, Domain& to, unsigned flags) {
    entry(reference).frame = static_cast<std::uint32_t>(frame.raw);
    entry(reference).header = header_of(static_cast<std::uint16_t>(GTF_permit_access | flags), to.grants.self());
}

World::World() {
    now = this;
    pages_left = 1'000'000;
    no_entry_there = false;
    forgetting = [] {};
    granter = std::make_unique<Domain>(memory, 1);
    mapper = std::make_unique<Domain>(memory, 2);
    runner = mapper.get();
    free_at_first = free_counts().free;
}

World::~World() {
    granter.reset();
    mapper.reset();
    EXPECT_EQ(pages_held, 0);
}

}  // namespace world

Result<Mfn> numbered_by_itself(DomainId, std::uint64_t number) { return Mfn(number); }
Result<Mfn> take_shared_frame(DomainId domain) {
    const auto mfn = TRY(allocate_frames());
    frame(mfn).share_with(domain);
    return mfn;
}
void give_shared_frame(Mfn frame) { drop_use_and_reference(frame); }

bool is_a_table(const GrantTable* table) {
    return table == &world::now->granter->grants || table == &world::now->mapper->grants;
}

Result<void*> take_record_page() {
    if (world::pages_left-- <= 0) return refuse(Error::no_memory);
    ++world::pages_held;
    auto* const page = std::aligned_alloc(4096, 4096);
    std::memset(page, 0, 4096);
    return page;
}
void give_record_page(void* page) {
    --world::pages_held;
    std::free(page);
}

Result<FrameUse> hold_writable(Mfn mfn, DomainId owner) {
    if (!is_ram(mfn) || frame(mfn).owner() != owner) return refuse(Error::invalid);
    const auto taken = frame(mfn).apply([](FrameWord word) { return word.take_both(Use::writable); });
    if (!taken) return refuse(Error::busy);
    return FrameUse::adopt(mfn);
}

Result<> map_there(Place place, Mfn frame, DomainId, std::uint32_t flags) {
    if (world::no_entry_there) return refuse(Error::invalid);
    world::runner->mapped[place.where] = {frame, (flags & GNTMAP_readonly) == 0};
    return {};
}

Result<> unmap_there(Place place, Lent lent, std::optional<std::uint64_t> instead) {
    auto& mapped = world::runner->mapped;
    if (world::no_entry_there || !mapped.contains(place.where) || mapped[place.where] != lent) return refuse(Error::invalid);
    mapped.erase(place.where);
    if (instead) mapped.insert(std::pair(place.where, mapped.extract(*instead).mapped()));
    return {};
}

void forget_translations() { world::forgetting(); }

}  // namespace basalt::grants
