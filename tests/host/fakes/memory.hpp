// A machine's memory in arrays: frame table, contents, M2P; domains by number; a flush clock, and CPUs that
// remember translations until they flush.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "core/number.hpp"
#include "memory/allocator.hpp"
#include "memory/domain_memory.hpp"
#include "memory/frame.hpp"
#include "memory/start.hpp"
#include "formats/page_entry.hpp"
#include "translations/cpu_translations.hpp"

namespace basalt::fakes {

inline constexpr unsigned cpus = 2;

struct Cached {
    Mfn mfn;
    DomainId owner;
    bool writable;    // a page the CPU may write
    bool table;       // a table the CPU may walk
};

struct FakeCpu {
    CpuTranslations translations;
    std::vector<Cached> cached;
};

// RAM is [256, 256 + frames); everything else is device memory. Made anew for each test. Its CPUs flush when they are asked,
// whatever they are at.
class Memory {
public:
    explicit Memory(std::uint64_t frames, std::vector<FrameSpan> taken = {});
    ~Memory();
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    DomainMemory& add_domain(std::uint16_t id, std::uint64_t most, bool hardware = false);
    Mfn begin() const { return first_mib.end; }
    Mfn end() const { return end_; }

    std::map<std::uint16_t, std::unique_ptr<DomainMemory>> domains;
    FakeCpu cpu[cpus];
    std::atomic<FlushTime>& clock = flush_clock;
    std::atomic<std::uint64_t> flushes{0};
    std::atomic<int> emptied_accounts{0};
    Mfn lent = no_mfn;    // what grants lend, for the audit
    std::atomic<unsigned> undoing_due{0};    // how often somebody was told that a table waits to be undone

    static Memory* now;

private:
    Mfn end_;
    std::vector<Frame> frames_;
    std::byte* contents_;
    std::vector<std::atomic<std::uint64_t>> m2p_;
    std::vector<std::uint64_t> free_sets_;
};

inline constexpr std::uint64_t own_slot_marker = 0xba5a'0000'0000'0000;    // what Basalt's L4 slots hold here

}    // namespace basalt::fakes
