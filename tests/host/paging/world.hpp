// Two domains, their frames, roots and random tables; and the truths that must hold after each act.
#pragma once

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "fakes/machine.hpp"
#include "fakes/memory.hpp"
#include "memory/reservation.hpp"
#include "paging/audit.hpp"
#include "paging/mmu.hpp"
#include "paging/named.hpp"
#include "paging/pins.hpp"
#include "paging/rules.hpp"
#include "paging/take.hpp"

namespace basalt::paging {

struct World {
    explicit World(unsigned seed, std::uint64_t frames_each = 60) : random(seed), memory(frames_each * 4) {
        initially_free = free_counts().free;
        for (std::uint16_t id = 1; id <= 2; ++id) {
            auto& domain = memory.add_domain(id, frames_each + 20, id == 1);
            for (std::uint64_t i = 0; i < frames_each; ++i)
                static_cast<void>(*populate(domain, Pfn(i), {.from_reserve = true}));
        }
    }

    DomainMemory& domain(std::uint16_t id) { return *memory.domains.at(id); }
    std::uint64_t upto(std::uint64_t bound) { return random() % bound; }
    Mfn any_frame() { return memory.begin() + upto(memory.end() - memory.begin()); }

    // A frame's number says what it is likely to become, so that valid trees come up often.
    static unsigned role(Mfn mfn) {
        constexpr unsigned roles[] = {0, 0, 1, 0, 2, 0, 1, 3, 0, 4};
        return roles[mfn.raw % 10];
    }
    Mfn frame_for(unsigned wanted) {
        if (upto(wildness) == 0) return any_frame();
        for (int tries = 0; tries < 1000; ++tries)
            if (const Mfn mfn = any_frame(); role(mfn) == wanted && frame(mfn).owner() == acting) return mfn;
        return any_frame();
    }
    std::uint64_t entry_for(unsigned level) {
        if (upto(4) == 0) return random() & ~std::uint64_t{1};
        std::uint64_t flags = page_bit::present | (upto(2) ? page_bit::user : 0) | (upto(8) ? 0 : page_bit::guest_kernel);
        if (upto(wildness) == 0) flags |= std::uint64_t{1} << upto(12);
        if (level == 1 && upto(20) == 0) return PageEntry::of(Mfn(upto(40)), flags | page_bit::writable).raw();
        // Some pages will be tables later, or were: then what is remembered of them matters.
        const Mfn mfn = frame_for(level == 1 && upto(4) == 0 ? 1 + static_cast<unsigned>(upto(3)) : level - 1);
        if (level > 1 || upto(2) != 0 || upto(wildness) == 0) flags |= page_bit::writable;
        return PageEntry::of(mfn, flags).raw();
    }

    Audit audited() {
        expected.assign(memory.end().raw, {});
        Audit audit(expected);
        for (const auto& root : roots) audit.add_use(root.mfn(), Use::l4_table);
        for (const auto& reference : references) audit.add_reference(reference.mfn());
        audit.count_free_blocks();
        audit.count_tables_and_holds();
        return audit;
    }

    // Counts agree; no CPU can still write a frame that is in a use of trust, or reach a stranger's; no CPU
    // walks a frame as a table that somebody may write.
    ::testing::AssertionResult consistent() {
        if (const auto wrong = audited().first_finding())
            return ::testing::AssertionFailure()
                   << wrong->kind << " " << wrong->number << " of d" << wrong->domain.raw << ": " << wrong->what << ": found "
                   << wrong->found << ", expected " << wrong->expected;
        for (const auto& cpu : memory.cpu)
            for (const auto& cached : cpu.cached) {
                const Frame& record = frame(cached.mfn);
                const auto word = record.word();
                if (record.owner() != cached.owner && record.owner() != owner_nobody)
                    return ::testing::AssertionFailure() << "stale translation of a frame that has a new owner";
                if (cached.writable && needs_check(word.use()))
                    return ::testing::AssertionFailure() << "stale writable translation of a trusted frame";
                if (cached.table && word.use() == Use::writable)
                    return ::testing::AssertionFailure() << "a frame that is walked as a table is writable";
            }
        return ::testing::AssertionSuccess();
    }

    void enter_tables_of(DomainId id) {
        walk_tables_of({id, domain_memory_of(id)->hardware}, [this] { memory.cpu[fakes::cpu.raw].cached.clear(); });
    }

    // A CPU remembers what a checked table lets it see.
    void cache_something() {
        const Mfn table = any_frame();
        const auto word = frame(table).word();
        if (!is_table(word.use()) || !word.checked()) return;
        const PageLevel level = level_of(word.use());
        const auto index = static_cast<unsigned>(upto(entries_used));
        const PageEntry entry(table_at(table)[index]);
        if (!entry.present() || !is_guest_slot(level, index) || !is_ram(entry.mfn())) return;
        fakes::cpu = CpuId(static_cast<std::uint32_t>(upto(fakes::cpus)));
        const DomainId walked = frame(table).owner();
        if (const auto walks = translations_here().walks.load(); walks.domain() != walked || walks.are_either())
            enter_tables_of(walked);
        memory.cpu[fakes::cpu.raw].cached.push_back(
            {entry.mfn(), frame(entry.mfn()).owner(), level == leaf_level && entry.writable(), level > leaf_level});
    }

    // What the guest does with its own memory, where a mapping lets it.
    void scribble() {
        const Mfn mfn = any_frame();
        const auto word = frame(mfn).word();
        if (word.free() || word.users() != 0) return;
        // Through a writable use, as every write is.
        auto use = take_writable(mfn, *domain_memory_of(frame(mfn).owner()));
        if (!use) return;
        acting = frame(mfn).owner();
        const unsigned level = role(mfn) == 0 ? 1 + static_cast<unsigned>(upto(4)) : role(mfn);
        for (unsigned i = 0; i < entries_used; ++i) table_at(mfn)[i] = upto(3) == 0 ? entry_for(level) : 0;
        if (level == 4) table_at(mfn)[300] = entry_for(4);
    }

    static constexpr unsigned entries_used = 6;

    std::mt19937_64 random;
    DomainId acting{1};             // whose frames entries mostly name
    std::uint64_t wildness = 60;    // one in so many choices makes no sense
    fakes::Memory memory;
    std::uint64_t initially_free = 0;
    std::vector<FrameUse> roots;
    std::vector<FrameReference> references;
    std::vector<Expected> expected;
};

}    // namespace basalt::paging
