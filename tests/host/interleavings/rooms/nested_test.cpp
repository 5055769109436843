// Nested tables: two CPUs map, unmap and take the same pages, and need the same tables for the first time.
#include "nested/tables.hpp"

#include "memory/start.hpp"
#include "programs.hpp"
#include "regions.hpp"

namespace basalt::interleaved::nesting {
namespace {

using namespace nested;

constexpr DomainId guest(1), stranger(2);
constexpr std::uint64_t pool = 6, pages = 2;    // four tables, and one more for each CPU
constexpr Mfn end_of_frames = first_mib.end + pool + pages;

struct Notes {
    std::array<std::atomic<std::uint64_t>, pages> own{};    // whether a CPU has mapped its own page there
    std::atomic<std::uint64_t> refused = 0, strange = 0;
};

class World : public Regions {
public:
    void begin() override {
        forget_regions();
        auto& frames = make(&frames_.object);
        std::memset(contents_.data() + physical_of(first_mib.end), 0, (pool + pages) * page_size);
        const Mfn end = end_of_frames;
        free_sets_.assign(free_set_words(end), 0);
        const FrameSpan ram[] = {{Mfn(0), end}};
        start_memory({frames.data(), contents_.data(), nullptr, end}, free_sets_, ram, {});
        add("notes", make(&notes_.object), Accesses::merged);
        auto& tables = make(&tables_.object, Format::amd, guest);
        for (Mfn& page : pages_) frame(page = *allocate_frames()).give_to(guest);
        paging::Budget budget;
        if (!tables.set_pool(pool, budget).done()) std::abort();
        add("tables", tables, Accesses::watched, 1);
        add("records", &frames[first_mib.end.raw], frames.data() + end.raw, Accesses::watched);
        add("contents", contents_.data() + physical_of(first_mib.end), contents_.data() + contents_.size(), Accesses::watched);
        for (const auto& act : before) act.perform(*this, 0);
    }
    void run(unsigned cpu) override {
        for (const auto& act : programs[cpu]) {
            begin_act();
            act.perform(*this, cpu);
        }
    }

    std::string wrong() override {
        if (notes().refused != 0) return "a page was not mapped, and there was room";
        if (notes().strange != 0) return "what is taken is not the guest's";
        std::array<std::uint64_t, pages> named{};
        for (std::uint64_t page = 0; page < pages; ++page)
            for (unsigned which = 0; which < pages; ++which)
                if (const Entry entry = tables().find(Pfn(page)); entry.present() && entry.mfn() == pages_[which])
                    ++named[which];
        for (unsigned which = 0; which < pages; ++which)
            if (frame(pages_[which]).word().references() < named[which]) return "an entry without its reference";
        return {};
    }
    // All is let go, and nothing is held or lost.
    std::string left_over() override {
        for (unsigned cpu = 0; cpu < cpus; ++cpu)
            if (notes().own[cpu] != 0 && tables().find(Pfn(cpu)).mfn() != pages_[cpu]) return "a page that was mapped is not";
        paging::Budget budget(1 << 20);
        if (!tables().clear(budget).done()) return "a table is lost";
        for (const Mfn page : pages_) {
            const FrameWord word = frame(page).word();
            if (word.users() != 0 || word.references() != (frame(page).owner() == owner_nobody ? 0 : 1))
                return "references or uses that nobody has";
        }
        return {};
    }

    Tables& tables() { return tables_.object; }
    Notes& notes() { return notes_.object; }
    Mfn page(unsigned which) const { return pages_[which]; }

    void map(Pfn at, unsigned which, nested::Access access) {
        if (access == nested::Access::read) {
            if (auto held = FrameReference::take(page(which), guest)) answered(tables().map(at, std::move(*held)));
        } else if (frame(page(which)).apply([](FrameWord word) { return word.take_both(Use::writable); })) {
            answered(tables().map(at, FrameUse::adopt(page(which))));
        }
    }
    void take(Pfn at) {
        const auto taken = tables().take(at);
        if (taken && frame(taken->frame.mfn()).owner() != guest) notes().strange = 1;
    }
    // The guest has given it back, and somebody else has it if it was the last to hold it.
    void let_go(unsigned which, bool to_stranger) {
        if (frame(page(which)).let_go(guest)) drop_reference(page(which));
        const auto again = allocate_frames();
        if (again && to_stranger) frame(*again).give_to(stranger);
        if (again && !to_stranger) free_frames(*again);
    }

    Acts<World> before;
    std::array<Acts<World>, cpus> programs;

private:
    void answered(const Result<>& result) {
        if (!result) notes().refused = 1;
    }

    Room<std::array<Frame, end_of_frames.raw>> frames_;
    std::vector<std::byte> contents_ = std::vector<std::byte>(physical_of(end_of_frames));
    std::vector<std::uint64_t> free_sets_;
    std::array<Mfn, pages> pages_{};
    Room<Tables> tables_;
    Room<Notes> notes_;
};

constexpr Pfn shared(0), beside(1);

const Act<World> map_read{"map_read", [](World& world, unsigned) { world.map(shared, 0, nested::Access::read); }};
const Act<World> map_write{"map_write", [](World& world, unsigned) { world.map(shared, 0, nested::Access::write); }};
const Act<World> map_other{"map_other", [](World& world, unsigned) { world.map(shared, 1, nested::Access::write); }};
const Act<World> map_beside{"map_beside", [](World& world, unsigned) { world.map(beside, 0, nested::Access::write); }};
const Act<World> map_own{"map_own", [](World& world, unsigned cpu) {
                             world.map(Pfn(cpu), cpu, nested::Access::write);
                             world.notes().own[cpu] = 1;
                         }};
const Act<World> unmap{"unmap", [](World& world, unsigned) { static_cast<void>(world.tables().unmap(shared)); }};
const Act<World> unmap_it{"unmap_it",
                          [](World& world, unsigned) { static_cast<void>(world.tables().unmap(shared, world.page(0))); }};
const Act<World> take{"take", [](World& world, unsigned) { world.take(shared); }};
const Act<World> goes_to_stranger{"goes_to_stranger", [](World& world, unsigned) { world.let_go(0, true); }};
const Act<World> goes_to_basalt{"goes_to_basalt", [](World& world, unsigned) { world.let_go(0, false); }};

class Nested : public Interleaved<World> {
protected:
    Nested() { most_turns = 4; }
};

TEST_F(Nested, TwoCpusMakeTheSameTables) { holds({}, {map_own}, {map_own}); }

TEST_F(Nested, EveryPairOfActsOnAPage) {
    hold_in_pairs({{map_read}, {map_write}, {map_other}},
                  {{map_read}, {map_write}, {map_other}, {map_beside}, {unmap}, {unmap_it}, {take}});
}

// What is taken is what was there at one moment, whatever becomes of it then.
TEST_F(Nested, APageGoesWhileItIsTaken) {
    for (const auto& before : {map_read, map_write})
        for (const auto& goes : {goes_to_stranger, goes_to_basalt})
            for (const auto& gone : {unmap, unmap_it, map_other})
                if (holds({before}, {take}, {gone, goes}); HasFailure()) return;
}

}    // namespace
}    // namespace basalt::interleaved::nesting

// The audit is not followed here.
namespace basalt::paging {

void Audit::add_use(Mfn, Use) {}
void Audit::add_reference(Mfn) {}

}    // namespace basalt::paging
