// A domain's nested tables: which frame of the machine each of its own frames is. The rule is that of page tables: a present
// entry owns what it names, a reference and, where it is writable, a use as a writable page.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/again.hpp"
#include "core/result.hpp"
#include "memory/frame_list.hpp"
#include "memory/frame_reference.hpp"
#include "nested/entry.hpp"
#include "paging/audit.hpp"
#include "paging/budget.hpp"

namespace basalt::nested {

// The guest's frames are numbered below this: four levels of tables (48 bits of guest-physical address).
inline constexpr std::uint64_t most_pages = std::uint64_t{1} << 36;

// Tools and vcpus of the domain may be at it at once. Tables come one by one as they are needed, out of the pool that tools
// have given, and stay until the end: so a walk needs no lock.
class Tables {
public:
    Tables(Format format, DomainId domain) : format_(format), domain_(domain) {}
    Tables(const Tables&) = delete;
    Tables& operator=(const Tables&) = delete;
    ~Tables();    // after clear()

    // What processors walk; no_mfn before the first map().
    Mfn root() const { return root_.load(std::memory_order_acquire); }

    // The pool is to have so many frames, tables in use included. A step takes or gives back some of them; no_memory: the
    // machine has not so many, and the pool what could be had; busy: more are in use than that, and none is free.
    Step<> set_pool(std::uint64_t frames, paging::Budget& budget);
    std::uint64_t pool() const { return pool_.load(std::memory_order_relaxed); }

    // The guest's frame becomes this one, of whomever; what it was before is let go. invalid: beyond the most; no_memory: the
    // pool is empty. Then what is mapped is as before, and the guard gives back what it holds.
    Result<> map(Pfn page, FrameUse frame);   // to read and write
    Result<> map(Pfn page, FrameReference frame);   // to read
    // It is nothing any more, if it was this frame, or whatever it was. no_entry: it was not.
    Result<> unmap(Pfn page, Mfn frame);
    Result<Mfn> unmap(Pfn page);

    // The last that was ever something; 0 before the first.
    Pfn last() const { return Pfn(last_.load(std::memory_order_relaxed)); }

    // As it is now. Another vcpu may change it at any time: who wants to touch the frame takes it.
    Entry find(Pfn page) const;
    // The frame there, held. no_entry: there is none. `writable` says whether it may be written, too.
    struct Taken {
        FrameReference frame;
        bool writable;
    };
    Result<Taken> take(Pfn page) const;

    // The domain's end: no CPU walks them any more. All is let go, the pool as well. Again: there is more.
    Step<> clear(paging::Budget& budget);

    // What the entries own. The machine stands still meanwhile.
    void count_frames(paging::Audit& audit) const;

private:
    std::uint64_t* slot(Pfn page) const;
    Result<std::uint64_t*> slot_with_tables(Pfn page);
    Result<Mfn> new_table();
    Result<Mfn> root_with_table();
    Result<Mfn> table_below(std::uint64_t& place);
    Result<> put(Pfn page, Entry wanted);
    void take_a_table_apart(paging::Budget& budget);

    const Format format_;
    const DomainId domain_;   // whose they are
    std::atomic<Mfn> root_{no_mfn};
    std::atomic<std::uint64_t> pool_{0};
    std::atomic<std::uint64_t> last_{0};
    FrameList free_;
};

}   // namespace basalt::nested
