// What must hold between any two steps, whoever made them.
#include <cstring>

#include "memory/allocator.hpp"
#include "paging/audit.hpp"
#include "paging/take.hpp"

#include "world.hpp"

namespace basalt::interleaved {

using namespace paging;

// A translation may outlive its entry until the CPU flushes; what it leads to must not have become something
// else.
std::string World::wrong_with_cache(unsigned cpu) const {
    const auto& cache = cache_[cpu];
    for (unsigned frame = 0; frame < roles; ++frame) {
        const auto word = frames_[first_frame + frame].word();
        const auto owner = frames_[first_frame + frame].owner();
        const auto knows = [&](std::uint32_t set) { return (set >> frame & 1) != 0; };
        const auto told = [&](std::string_view what) {
            return "cpu " + std::to_string(cpu) + " still " + std::string(what) + " " + named(frame);
        };
        const auto walked = cache.walked[1] | cache.walked[2] | cache.walked[3] | cache.walked[4];
        if (knows(cache.readable | cache.writable | walked) && owner != cache.owner[frame] && owner != owner_nobody)
            return told("has a translation for its former owner of");
        if (!word.checked()) continue;    // what it is to be is decided when its check is finished, after the flush
        if (knows(cache.writable) && word.use() != Use::writable) return told("can write what is in a use of trust:");
        for (unsigned level = 1; level <= 4; ++level)
            if (knows(cache.walked[level]) && word.use() != table_of_level(PageLevel(level)))
                return told("walks what is no such table any more:");
    }
    return {};
}

// Each entry of a checked table owns what it names; a record may count more while a CPU is at work, never
// less.
std::string World::wrong_with_counts() const {
    std::array<std::uint32_t, roles> references{}, writable{};
    std::array<std::array<std::uint32_t, roles>, 5> tables{};
    for (unsigned frame = 0; frame < roles; ++frame) {
        const auto word = frames_[first_frame + frame].word();
        if (!word.sound()) return named(frame) + ": a record that no rule makes";
        if (!word.checked() || !is_table(word.use())) continue;
        const auto& entries = *reinterpret_cast<const paging::Table*>(contents_.data() + (first_frame + frame) * page_size);
        const auto level = level_of(word.use());
        for (unsigned index = 0; index < entries_used; ++index) {
            const PageEntry entry(entries[index]);
            const auto lower = entry.mfn().raw - first_frame;
            if (!entry.present() || lower >= roles) continue;
            ++references[lower];
            if (level > leaf_level)
                ++tables[below(level).raw][lower];
            else if (entry.writable())
                ++writable[lower];
        }
    }
    for (unsigned frame = 0; frame < roles; ++frame) {
        const auto word = frames_[first_frame + frame].word();
        if (word.references() < references[frame]) return named(frame) + ": an entry without its reference";
        if (writable[frame] > (word.use() == Use::writable && word.checked() ? word.users() : 0))
            return named(frame) + ": a writable entry without its use";
        for (unsigned level = 1; level <= 4; ++level)
            if (tables[level][frame] > (word.use() == table_of_level(PageLevel(level)) && word.checked() ? word.users() : 0))
                return named(frame) + ": named as a table without that use";
    }
    return {};
}

std::string World::wrong() {
    if (!broken_claim_.empty()) return broken_claim_;
    if (auto counts = wrong_with_counts(); !counts.empty()) return counts;
    for (unsigned cpu = 0; cpu < cpus; ++cpu)
        if (auto cache = wrong_with_cache(cpu); !cache.empty()) return cache;
    return {};
}

std::string World::left_over() {
    Budget budget(1 << 30);
    for (auto& domain : domains_)
        if (!finish_undoing(domain, budget)) return "tables that wait to be undone for ever";
    std::vector<Expected> expected(frames_.size());
    Audit audit(expected);
    audit.count_free_blocks();
    audit.count_tables_and_holds();
    const auto finding = audit.first_finding();
    if (!finding) return {};
    return named(static_cast<unsigned>(finding->number - first_frame)) + ": " + std::string(finding->what) + " at the end";
}

std::uint64_t World::key() {
    std::uint64_t sum = 0;
    const auto mix = [&](std::uint64_t value) { sum = (sum ^ value) * 0x9e37'79b9'7f4a'7c15, sum ^= sum >> 31; };
    for (unsigned frame = 0; frame < roles; ++frame) {
        mix(frames_[first_frame + frame].word().raw());
        mix(frames_[first_frame + frame].owner_word().raw());
        const auto& entries = *reinterpret_cast<const paging::Table*>(contents_.data() + (first_frame + frame) * page_size);
        for (unsigned index = 0; index < entries_used; ++index) mix(entries[index]);
    }
    for (const auto& cache : cache_) {
        for (const auto set : {cache.writable, cache.readable, cache.walked[1], cache.walked[2], cache.walked[3]}) mix(set);
        for (const auto owner : cache.owner) mix(owner.raw);
    }
    for (const auto& cpu : translations_)
        mix(cpu.flushed_at), mix(cpu.walks.load().domain().raw), mix(cpu.walks.load().nobody()),
            mix(cpu.walks.load().are_either());
    for (const bool asked : asked_) mix(asked);
    FlushTime clock = 0;
    std::memcpy(&clock, &flush_clock, sizeof clock);    // no reading that anybody acts upon
    mix(clock), mix(clock_was_read_);
    for (const auto& [place, at_first] : elsewhere_) mix(__atomic_load_n(place, __ATOMIC_RELAXED));
    return sum;
}

}    // namespace basalt::interleaved
