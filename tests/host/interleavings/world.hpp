// A machine of a few frames and two CPUs, each with the most forgetful guest and the most retentive caches
// there can be.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "formats/page_entry.hpp"
#include "memory/domain_memory.hpp"
#include "memory/frame.hpp"
#include "paging/named.hpp"
#include "translations/cpu_translations.hpp"

#include "cpus.hpp"
#include "model.hpp"

namespace basalt::interleaved {

// What each frame is at first, or may become. The first domain has those up to `tree`, the second the rest.
enum class Role : unsigned {
    root,
    level3,
    level2,
    level1,
    page,
    other,
    tree,
    root2,
    level3_2,
    level2_2,
    level1_2,
    other_2,
    count
};
inline constexpr unsigned roles = static_cast<unsigned>(Role::count);
inline constexpr Role no_root = Role::count;

// How the machine or the rules may be wrong, so that the model shows that it would notice.
enum class Fault : unsigned {
    none,
    flushes_are_forgotten,          // a frame changes its use, and nobody flushes
    the_clock_is_read_early,        // before the entry went
    stamps_are_lost,                // a frame does not remember its last drop
    former_uses_are_forgotten,      // a frame without users does not remember what it was
    checks_count_at_once,           // a table is promoted before its entries were looked at
    uses_are_not_counted,           // a second user is none
    entries_are_written_blindly,    // stored, not exchanged for what was found
    records_are_written_blindly,
};

struct Scenario;

class World : public Model {
public:
    // What begin() and run() do.
    void follow(const Scenario& scenario) { scenario_ = &scenario; }
    void begin() override;
    void run(unsigned cpu) override;

    // As at first: two domains, the first one's root pinned and loaded on both CPUs. Nothing else is mapped.
    void begin(Fault fault, FlushTime clock);
    // The flush clock has gone on, and both CPUs have flushed since.
    void let_pass(FlushTime ticks);

    DomainMemory& domain(unsigned which) { return domains_[which]; }
    Mfn mfn(Role role) const { return mfns_[static_cast<unsigned>(role)]; }
    paging::Table& table(Role role) const;

    // After every step: the caches of both CPUs take in all they can reach now, by tables or by stale ones.
    void fill_caches();
    void changed() override { fill_caches(); }
    std::string wrong() override;
    // A use or reference that nobody holds, work that nobody does.
    std::string left_over() override;
    std::uint64_t key() override;

    bool watches(const volatile void* place, std::size_t size) override;
    bool exchanges_blindly(const volatile void* place) override;
    std::uint64_t to_be_stored(volatile void* place, std::size_t size, std::uint64_t found, std::uint64_t wanted) override;
    std::uint64_t seen(const volatile void* place, std::uint64_t found) override;
    bool is_clock(const volatile void* place) override;
    bool ticks() override;
    bool is_interrupted() override { return interrupted_ != nobody; }

    // The seams of translations/.
    static World& now() { return static_cast<World&>(*Model::now()); }
    unsigned acting_cpu() const;
    CpuTranslations& translations(unsigned cpu) { return translations_[cpu]; }
    void forget(std::string_view how);                     // the acting CPU, all that it knows
    void interrupt(unsigned cpu, const Program& handler);
    void ask_to_flush(unsigned cpu);                       // it does so at once, or when it may be interrupted again
    void uninterrupted(const Program& program);
    void load_cr3();                                       // for reasons of its own
    void enter_root(Role root);                            // a domain's, as after a switch of vcpus, or none

    // What an act was promised, where nothing of it is left to be looked at when the act is over.
    void claim(bool is_so, std::string_view otherwise) {
        if (!is_so) broken_claim_ = otherwise;
    }

    void begin_act(unsigned cpu);
    DomainMemory* account(DomainId owner);

private:
    // What a CPU may still know: by frame, one bit each.
    struct Cache {
        Role root = Role::root;
        std::uint32_t writable = 0, readable = 0;
        std::array<std::uint32_t, 5> walked{};    // by level
        std::array<DomainId, roles> owner{};      // when it came to be known
    };
    static constexpr std::uint64_t first_frame = 256;
    static constexpr unsigned entries_used = 3;

    void walk(Cache& cache, unsigned level, unsigned frame);
    std::string wrong_with_cache(unsigned cpu) const;
    std::string wrong_with_counts() const;
    std::uint64_t spoilt_record(std::uint64_t found, std::uint64_t wanted) const;
    std::uint64_t spoilt_stamp(std::uint64_t found, std::uint64_t wanted) const;
    std::string entry_in_words(std::uint64_t offset, PageEntry entry) const;
    std::string named(unsigned frame) const;

    const Scenario* scenario_ = nullptr;
    Fault fault_ = Fault::none;
    std::vector<Frame> frames_{first_frame + roles};
    std::vector<std::byte> contents_ = std::vector<std::byte>((first_frame + roles) * page_size);
    std::vector<std::uint64_t> free_sets_;
    std::array<DomainMemory, 2> domains_{DomainMemory{DomainId(1)}, DomainMemory{DomainId(2)}};
    std::array<Mfn, roles> mfns_{};
    std::array<Cache, cpus> cache_{};
    std::array<CpuTranslations, cpus> translations_{};
    std::string broken_claim_;
    unsigned interrupted_ = nobody;
    std::array<bool, cpus> uninterrupted_{}, asked_{};
    bool clock_was_read_ = false;
    std::array<FlushTime, cpus> clock_at_begin_{};
    std::map<volatile std::uint32_t*, std::uint32_t> elsewhere_;   // locks, the list of tables to undo: as they were at first
};

}   // namespace basalt::interleaved
