#include "world.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "memory/allocator.hpp"
#include "memory/reservation.hpp"
#include "memory/start.hpp"
#include "paging/pins.hpp"
#include "translations/flush.hpp"

namespace basalt::interleaved {

using namespace paging;

namespace {

constexpr std::uint64_t table_flags = page_bit::present | page_bit::writable | page_bit::user;

constexpr std::string_view names[roles] = {"root", "level3", "level2",   "level1",   "page",     "other",
                                           "tree", "root2",  "level3_2", "level2_2", "level1_2", "other_2"};

std::string in_words(FrameWord word) {
    constexpr std::string_view uses[] = {"in no use", "writable", "level 1", "level 2", "level 3", "level 4", "descriptors"};
    auto said = std::to_string(word.references()) + " references";
    said += word.users() == 0 ? ", last " : ", " + std::to_string(word.users()) + " users, ";
    said += uses[static_cast<unsigned>(word.use())];
    if (word.users() != 0 && !word.checked()) said += word.partial() ? ", half checked" : ", unchecked";
    if (word.pinned()) said += ", pinned";
    return said;
}

}    // namespace

paging::Table& World::table(Role role) const { return *static_cast<paging::Table*>(contents(mfn(role))); }

void World::begin(Fault fault, FlushTime clock) {
    fault_ = Fault::none;
    broken_claim_.clear();
    for (auto& record : frames_) std::construct_at(&record);
    std::memset(contents_.data() + first_frame * page_size, 0, roles * page_size);
    flush_clock = clock;
    clock_was_read_ = true;
    interrupted_ = nobody;
    uninterrupted_ = asked_ = {};
    cache_ = {};
    for (auto& cpu : translations_) cpu.flushed_at = clock - 1, cpu.walks = TablesOf(domains_[0].id, false);
    for (const auto& [place, at_first] : elsewhere_) __atomic_store_n(place, at_first, __ATOMIC_RELAXED);
    const Mfn end(frames_.size());
    free_sets_.assign(free_set_words(end), 0);
    const FrameSpan ram[] = {{Mfn(0), end}};
    start_memory({frames_.data(), contents_.data(), nullptr, end}, free_sets_, ram, {});
    for (unsigned which = 0; which < domains_.size(); ++which) {
        domains_[which].total = 0;
        domains_[which].most = roles;
        domains_[which].hardware = which == 1;    // it may map the first one's pages
    }
    for (unsigned role = 0; role < roles; ++role)
        mfns_[role] = *populate(domains_[role >= static_cast<unsigned>(Role::root2)], Pfn(role), {.from_reserve = true});
    const auto link = [&](Role upper, Role lower, unsigned index = 0) {
        table(upper)[index] = PageEntry::of(mfn(lower), table_flags).raw();
    };
    link(Role::root, Role::level3), link(Role::level3, Role::level2), link(Role::level2, Role::level1);
    link(Role::root2, Role::level3_2), link(Role::level3_2, Role::level2_2), link(Role::level2_2, Role::level1_2);
    link(Role::tree, Role::page), link(Role::tree, Role::other, 1);
    link(Role::page, Role::other);
    for (unsigned which = 0; which < domains_.size(); ++which) {
        Budget budget;
        static_cast<void>(pin(mfn(which == 0 ? Role::root : Role::root2), root_level, domains_[which], budget));
    }
    let_pass(0);
    fault_ = fault;
    fill_caches();
}

void World::let_pass(FlushTime ticks) {
    flush_clock = flush_clock + ticks;
    for (unsigned cpu = 0; cpu < cpus; ++cpu) interrupt(cpu, flush_here);
}

DomainMemory* World::account(DomainId owner) {
    return owner.raw >= 1 && owner.raw <= domains_.size() ? &domains_[owner.raw - 1U] : nullptr;
}

// --- the flush clock ---

unsigned World::acting_cpu() const {
    if (interrupted_ != nobody) return interrupted_;
    return running() == nobody ? 0 : running();
}

// Nobody acts between its handler's accesses.
void World::interrupt(unsigned cpu, const Program& handler) {
    const auto before = std::exchange(interrupted_, cpu);
    handler();
    interrupted_ = before;
}

void World::ask_to_flush(unsigned cpu) {
    if (!uninterrupted_[cpu]) return interrupt(cpu, flush_here);
    asked_[cpu] = true;
}

void World::uninterrupted(const Program& program) {
    const auto cpu = acting_cpu();
    uninterrupted_[cpu] = true;
    program();
    uninterrupted_[cpu] = false;
    if (std::exchange(asked_[cpu], false)) interrupt(cpu, flush_here);
}

// Translations go; what the CPU can reach comes back before the next step.
void World::forget(std::string_view how) {
    const auto cpu = acting_cpu();
    if (interrupted_ == nobody) stand();
    if (fault_ == Fault::flushes_are_forgotten && how == "flushes") return;
    cache_[cpu] = {.root = cache_[cpu].root};
    change();
    say("cpu " + std::to_string(cpu) + " " + std::string(how));
}

void World::load_cr3() {
    uninterrupted([&] { forget_by_loading([&] { forget("loads CR3"); }); });
}

void World::enter_root(Role root) {
    const auto* const owner = root == no_root ? nullptr : account(frame(mfn(root)).owner());
    const auto whose = owner == nullptr ? TablesOf() : TablesOf(owner->id, owner->hardware);
    uninterrupted([&] {
        walk_tables_of(whose, [&] {
            forget(root == no_root ? "leaves all roots" : "enters another root");
            cache_[acting_cpu()].root = root;
        });
    });
}

bool World::is_clock(const volatile void* place) { return place == &flush_clock; }

std::uint64_t World::seen(const volatile void* place, std::uint64_t found) {
    if (!is_clock(place)) return found;
    clock_was_read_ = true;
    const bool early = fault_ == Fault::the_clock_is_read_early && running() != nobody && !is_interrupted();
    return early ? clock_at_begin_[running()] : found;
}

// Two ticks with no reading between them are one: so a CPU that waits does not make ever new states.
bool World::ticks() { return std::exchange(clock_was_read_, false); }

void World::begin_act(unsigned cpu) {
    if (fault_ != Fault::the_clock_is_read_early) return;
    interrupt(cpu, [&] { clock_at_begin_[acting_cpu()] = flush_time(); });
}

// --- what CPUs may know ---

void World::walk(Cache& cache, unsigned level, unsigned frame) {
    const auto& entries = *reinterpret_cast<paging::Table*>(contents_.data() + (first_frame + frame) * page_size);
    for (unsigned index = 0; index < entries_used; ++index) {
        const PageEntry entry(entries[index]);
        if (!entry.present()) continue;
        const auto named = entry.mfn().raw - first_frame;
        if (named >= roles) continue;
        const auto bit = 1U << named;
        const bool known =
            ((cache.readable | cache.writable | cache.walked[1] | cache.walked[2] | cache.walked[3] | cache.walked[4]) & bit) !=
            0;
        if (!known) cache.owner[named] = frames_[first_frame + named].owner();
        (level > 1 ? cache.walked[level - 1] : entry.writable() ? cache.writable : cache.readable) |= bit;
    }
}

void World::fill_caches() {
    for (auto& cache : cache_) {
        if (cache.root == no_root) continue;
        const auto root = mfn(cache.root).raw - first_frame;
        cache.walked[4] |= 1U << root;
        cache.owner[root] = frames_[first_frame + root].owner();
        for (unsigned level = 4; level >= 1; --level)
            for (unsigned frame = 0; frame < roles; ++frame)
                if ((cache.walked[level] >> frame & 1) != 0) walk(cache, level, frame);
    }
}

// --- for atomics.cpp ---

namespace {

std::ptrdiff_t place_in(const auto& all, const volatile void* place) {
    const auto* const at = static_cast<const volatile std::byte*>(place);
    const auto* const begin = reinterpret_cast<const std::byte*>(all.data());
    const auto* const end = reinterpret_cast<const std::byte*>(all.data() + all.size());
    return std::less_equal<>{}(begin, at) && std::less<>{}(at, end) ? at - begin : -1;
}

}    // namespace

// Not a domain's account, nor what is asked of the machine once: no rule depends on when they are seen. Its list of
// tables to undo is tested by itself.
bool World::watches(const volatile void* place, std::size_t size) {
    if (running() == nobody || is_interrupted() || place_in(domains_, place) >= 0) return false;
    return size == sizeof(std::uint32_t) || is_clock(place) || place_in(frames_, place) >= 0 ||
           place_in(contents_, place) >= 0 || place_in(translations_, place) >= 0;
}

bool World::exchanges_blindly(const volatile void* place) {
    if (running() == nobody) return false;
    if (fault_ == Fault::entries_are_written_blindly) return place_in(contents_, place) >= 0;
    return fault_ == Fault::records_are_written_blindly && place_in(frames_, place) >= 0;
}

std::uint64_t World::spoilt_record(std::uint64_t found, std::uint64_t wanted) const {
    const FrameWord before(found), after(wanted);
    switch (fault_) {
        case Fault::former_uses_are_forgotten:
            return after.users() == 0 ? FrameWord(after.references(), Use::none, 0, false).raw() : wanted;
        case Fault::checks_count_at_once:
            return after.users() == 1 && !before.checked() && is_table(after.use()) ? after.finish_check().raw() : wanted;
        case Fault::uses_are_not_counted:
            return before.users() == 1 && after.users() == 2 ? before.take_reference()->raw() : wanted;
        default: return wanted;
    }
}

std::uint64_t World::spoilt_stamp(std::uint64_t found, std::uint64_t wanted) const {
    const bool is_stamp = OwnerWord(found).with_epoch({}).raw() == OwnerWord(wanted).with_epoch({}).raw();
    return fault_ == Fault::stamps_are_lost && is_stamp ? found : wanted;
}

std::uint64_t World::to_be_stored(volatile void* place, std::size_t size, std::uint64_t found, std::uint64_t wanted) {
    change();
    const auto record = place_in(frames_, place);
    const auto content = place_in(contents_, place);
    if (size == sizeof(std::uint32_t) && place_in(translations_, place) < 0)
        elsewhere_.try_emplace(static_cast<volatile std::uint32_t*>(place), static_cast<std::uint32_t>(found));
    if (running() == nobody) return wanted;
    const auto stored = record < 0 ? wanted : record % 16 == 0 ? spoilt_record(found, wanted) : spoilt_stamp(found, wanted);
    if (!is_traced()) return stored;
    const auto frame = static_cast<unsigned>(record / 16 - first_frame);
    if (record >= 0)
        say(named(frame) +
            (record % 16 == 0 ? ": " + in_words(FrameWord(found)) + " -> " + in_words(FrameWord(stored)) : ": owner word"));
    else if (content >= 0)
        say(entry_in_words(static_cast<std::uint64_t>(content), PageEntry(wanted)));
    else if (place_in(translations_, place) >= 0)
        say("says so");
    else
        say("a lock, or a list of tables to undo");
    return stored;
}

std::string World::entry_in_words(std::uint64_t offset, PageEntry entry) const {
    const auto place =
        named(static_cast<unsigned>(offset / page_size - first_frame)) + "[" + std::to_string(offset % page_size / 8) + "] = ";
    if (!entry.present()) return place + "nothing";
    return place + named(static_cast<unsigned>(entry.mfn().raw - first_frame)) +
           (entry.writable() ? ", writable" : ", read-only");
}

std::string World::named(unsigned frame) const {
    for (unsigned role = 0; role < roles; ++role)
        if (mfns_[role] == Mfn(first_frame + frame)) return std::string(names[role]);
    return "what is no frame of these";
}

}    // namespace basalt::interleaved
