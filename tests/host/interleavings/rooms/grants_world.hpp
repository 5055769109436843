// A granter and a domain that uses what it grants. Their grant is of one frame, and then perhaps of another.
#pragma once

#include <array>
#include <atomic>

#include "abi/grant_table.hpp"
#include "grants/map.hpp"

#include "programs.hpp"
#include "regions.hpp"

namespace basalt::interleaved::granting {

using namespace grants;

inline constexpr DomainId granter_id(1), user_id(2), stranger_id(3);
inline constexpr GrantRef reference(0);
// Frames: the table's, those that the grant may name, and one of the user's own.
inline constexpr Mfn table_frame(1), granted_frame(2), other_frame(3), own_frame(4), end_of_frames(5);

inline constexpr std::uint32_t in_use = GTF_reading | GTF_writing;
inline constexpr std::uint32_t granted = header_of(GTF_permit_access, user_id);
inline constexpr std::uint32_t granted_to_read = header_of(GTF_permit_access | GTF_readonly, user_id);
inline constexpr std::uint32_t granted_to_stranger = header_of(GTF_permit_access, stranger_id);

// As sets of what a header permits: a use by one of these.
enum : unsigned { reads = 1, writes = 2 };

// What each CPU has of the grant.
struct Use {
    std::atomic<std::uint64_t> handle;      // plus one
    std::atomic<std::uint64_t> reach;       // the frame that it may have translations for, to write if `writable` is set
    std::atomic<std::uint64_t> permitted;   // since its call began: what was at some time, and what was at any
    std::atomic<std::uint64_t> always;
};
inline constexpr std::uint64_t writable = std::uint64_t{1} << 32;

struct Domains {
    GrantTable granter{granter_id, 2}, user{user_id, 2};
};

struct Notes {
    std::array<Use, cpus> uses{};
    std::uint64_t said = 0;          // the header that the granter wrote last
    std::uint64_t overwritten = 0;   // though the entry was in use: nothing is promised about the bits that tell so
    std::uint64_t unasked = 0;       // a use that the entry did not permit, or a refusal though it did
};

class World : public Regions {
public:
    static World& now() { return static_cast<World&>(*Model::now()); }

    void begin() override;
    void run(unsigned cpu) override;
    void changed() override;
    std::string wrong() override;
    std::string left_over() override;

    Domains& domains() { return domains_.object; }
    Notes& notes() { return notes_.object; }
    Use& use(unsigned cpu) { return notes().uses[cpu]; }
    SharedEntry& entry() { return *static_cast<SharedEntry*>(contents(table_frame)); }

    // Of the granter: whatever it had written, or only where nobody uses it, as kernels do.
    void write(std::uint32_t header, Mfn frame);
    void write_if_unused(std::uint32_t header, Mfn frame);

    // Of the user.
    void map(unsigned cpu, std::uint32_t flags);
    void unmap(unsigned cpu, unsigned whose, std::uint32_t parts);
    void copy(unsigned cpu, bool to_grant);
    void end_user();

    Acts<World> before;
    std::array<Acts<World>, cpus> programs;
    Pages<4>* pages() { return &pages_.object; }

private:
    struct Memory {
        std::array<Frame, end_of_frames.raw> frames;
        alignas(4096) std::array<std::byte, end_of_frames.raw * page_size> contents;
    };
    void perform(const Act<World>& act, unsigned cpu);
    void answered(unsigned cpu, Status status, unsigned wanted);
    bool holds(Mfn frame, bool to_write);

    Room<Memory> memory_;
    Room<Domains> domains_;
    Room<Pages<4>> pages_;
    Room<Notes> notes_;
    std::uint64_t user_records_ = 0;    // the first page of them
};

}    // namespace basalt::interleaved::granting
