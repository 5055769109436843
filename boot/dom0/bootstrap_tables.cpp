#include "boot/dom0/bootstrap_tables.hpp"

#include "core/assert.hpp"
#include "machine/page_entry.hpp"
#include "memory/frame.hpp"

namespace basalt::dom0 {
namespace {

constexpr std::uint64_t table_bits =
    page_bit::present | page_bit::writable | page_bit::user | page_bit::accessed | page_bit::dirty;
constexpr std::uint64_t page_bits = table_bits;

class Tables {
public:
    Tables(const Plan& plan, const Extents& memory) : plan_(plan), memory_(memory) {
        next_ = plan.pfn_of(plan.tables.start);
        end_ = next_ + plan.tables.pages();
        root_ = take();
    }

    Mfn root() const { return memory_.mfn(root_); }

    // Once the bootstrap run is mapped, further tables come from here.
    void take_from(Pfn first, std::uint64_t count) {
        next_ = first;
        end_ = first + count;
    }

    void map(std::uint64_t address, Pfn pfn) {
        walk_down(root(), root_level, address, [&](Mfn table, PageLevel level, unsigned index) {
            PageEntry& entry = table_at(table)[index];
            if (level == leaf_level) {
                entry = PageEntry::of(memory_.mfn(pfn), is_table(pfn) ? page_bits & ~page_bit::writable : page_bits);
                return no_mfn;
            }
            if (!entry.present()) entry = PageEntry::of(memory_.mfn(take()), table_bits);
            return entry.mfn();
        });
    }

private:
    bool is_table(Pfn pfn) const {
        const Pfn bootstrap = plan_.pfn_of(plan_.tables.start);
        if (pfn >= bootstrap && pfn < bootstrap + plan_.tables.pages()) return true;
        const Pfn apart = plan_.p2m_pfn + plan_.p2m.pages();
        return plan_.p2m_is_apart && pfn >= apart && pfn < apart + plan_.p2m_table_pages;
    }

    Pfn take() {
        ASSERT(next_ < end_);
        const Pfn taken = next_;
        ++next_;
        return taken;
    }

    const Plan& plan_;
    const Extents& memory_;
    Pfn next_{};
    Pfn end_{};
    Pfn root_{};
};

}  // namespace

Mfn write_bootstrap_tables(const Plan& plan, const Extents& memory) {
    Tables tables(plan, memory);
    for (std::uint64_t page = 0; page < plan.bootstrap_pages; ++page) tables.map(plan.base + page * page_size, Pfn(page));
    if (plan.p2m_is_apart) {
        tables.take_from(plan.p2m_pfn + plan.p2m.pages(), plan.p2m_table_pages);
        for (std::uint64_t page = 0; page < plan.p2m.pages(); ++page)
            tables.map(plan.p2m.start + page * page_size, plan.p2m_pfn + page);
    }
    return tables.root();
}

}  // namespace basalt::dom0
