#include "boot/dom0/plan.hpp"

#include "abi/xen.hpp"

namespace basalt::dom0 {
namespace {

constexpr std::uint64_t page_up(std::uint64_t address) { return (address + page_size - 1) & ~(page_size - 1); }

// The ABI's promises: the mapping ends at a 4 MiB boundary, and at least 512 KiB behind the stack.
constexpr std::uint64_t mapping_alignment = std::uint64_t{4} << 20;
constexpr std::uint64_t least_padding = std::uint64_t{512} << 10;

constexpr std::uint64_t mapping_end(std::uint64_t stack_end) {
    const std::uint64_t end = (stack_end + mapping_alignment - 1) & ~(mapping_alignment - 1);
    return end - stack_end < least_padding ? end + mapping_alignment : end;
}

std::uint64_t loaded_pages(const ElfImage& image, std::uint64_t initrd_size) {
    return AddressRange{image.notes.virtual_base, image.end}.pages() + page_up(initrd_size) / page_size;
}

// All levels, with one L4.
std::uint64_t bootstrap_tables(AddressRange mapped) {
    return 1 + tables_for(mapped, 3) + tables_for(mapped, 2) + tables_for(mapped, 1);
}

std::unexpected<Reason> too_little(std::uint64_t wanted, std::uint64_t pages) {
    constexpr std::uint64_t mebibyte = 256;   // in pages
    return because("it needs {} MiB with its initrd, and has {}: more is given by dom0_mem=",
                   (wanted + mebibyte - 1) / mebibyte, pages / mebibyte);
}

// What the kernel wants outside of the bootstrap mapping.
void place_apart(Plan& plan, bool initrd_by_pfn) {
    std::uint64_t next_pfn = plan.bootstrap_pages;
    if (initrd_by_pfn) {
        plan.initrd_pfn = Pfn(next_pfn);
        next_pfn += plan.initrd_pages;
    }
    if (plan.p2m_is_apart) {
        plan.p2m_pfn = Pfn(next_pfn);
        plan.p2m_table_pages = tables_for(plan.p2m, 3) + tables_for(plan.p2m, 2) + tables_for(plan.p2m, 1);
        next_pfn += plan.p2m.pages() + plan.p2m_table_pages;
    }
    plan.pages_needed = next_pfn;
}

// Nothing where the address space ends too early.
std::optional<Plan> lay_out(const ElfImage& image, std::uint64_t pages, std::uint64_t initrd_size) {
    const Notes& notes = image.notes;
    Plan plan;
    plan.base = notes.virtual_base;
    plan.kernel = {image.start, page_up(image.end)};
    plan.initrd_pages = page_up(initrd_size) / page_size;
    std::uint64_t next = plan.kernel.end;

    if (initrd_size != 0 && !notes.module_by_pfn) {
        plan.initrd = AddressRange{next, next + initrd_size};
        plan.initrd_pfn = plan.pfn_of(next);
        next = page_up(plan.initrd->end);
    }
    plan.p2m_is_apart = notes.p2m_base.has_value();
    const std::uint64_t p2m_start = notes.p2m_base.value_or(next);
    plan.p2m = {p2m_start, p2m_start + page_up(pages * sizeof(xen_pfn_t))};
    if (!plan.p2m_is_apart) next = plan.p2m.end;
    plan.start_info = {next, next + page_size};
    next = plan.start_info.end;

    // The tables lie in the range they map, so their number depends on itself.
    std::uint64_t tables = 0;
    do {
        ++tables;
        plan.tables = {next, next + tables * page_size};
        plan.stack = {plan.tables.end, plan.tables.end + page_size};
        plan.end = mapping_end(plan.stack.end);
        if (plan.p2m.end < p2m_start || plan.end <= plan.kernel.start) return std::nullopt;
    } while (bootstrap_tables({plan.base, plan.end}) > tables);

    plan.bootstrap_pages = (plan.end - plan.base) / page_size;
    place_apart(plan, initrd_size != 0 && notes.module_by_pfn);
    return plan;
}

}  // namespace

std::uint64_t tables_for(AddressRange range, unsigned level) {
    const unsigned shift = static_cast<unsigned>(page_shift) + 9 * level;   // what one table of the level maps
    return range.size() == 0 ? 0 : ((range.end - 1) >> shift) - (range.start >> shift) + 1;
}

Started<Plan> plan_for(const ElfImage& image, std::uint64_t pages, std::uint64_t initrd_size) {
    // Looked at first: where so much has to be mapped the tables would take long to count.
    if (const auto loaded = loaded_pages(image, initrd_size); loaded > pages) return too_little(loaded, pages);
    const auto plan = lay_out(image, pages, initrd_size);
    if (!plan) return because("the address space ends before all of it has a place");
    if (plan->pages_needed > pages) return too_little(plan->pages_needed, pages);
    return *plan;
}

std::uint64_t least_pages(const ElfImage& image, std::uint64_t initrd_size, std::uint64_t most) {
    auto pages = loaded_pages(image, initrd_size);
    while (pages <= most) {
        const auto plan = lay_out(image, pages, initrd_size);
        if (!plan || plan->pages_needed <= pages) break;
        pages = plan->pages_needed;
    }
    return pages;
}

std::uint64_t longest_p2m(const ElfImage& image, std::uint64_t initrd_size) {
    if (image.notes.p2m_base) return ~std::uint64_t{0};
    const auto end = page_up(image.end) + (image.notes.module_by_pfn ? 0 : page_up(initrd_size));
    return (0 - end) / (2 * sizeof(xen_pfn_t));
}

}  // namespace basalt::dom0
