#include "twin.hpp"

#include "hypercall.hpp"
#include "paging.hpp"
#include "traps.hpp"

#include <array>
#include <cstring>

extern "C" const std::byte image_end[];

namespace kit {

namespace {

constexpr std::uint64_t entries = 512;
constexpr std::uint64_t most_pages = 4096;
[[gnu::section(".bss.pages.twin")]] std::array<xen_pfn_t, most_pages> list;

std::uint64_t number(const volatile void* address) { return reinterpret_cast<std::uint64_t>(address); }
std::uint64_t up(std::uint64_t amount, std::uint64_t unit) { return (amount + unit - 1) / unit; }

// Where its pages lie, counted from image_base: those are its pfns too.
struct Layout {
    std::uint64_t image = pfn_of(hypercall_page);
    std::uint64_t info = image + up(number(image_end) - number(hypercall_page), page_size);
    std::uint64_t p2m = info + 1;
    std::uint64_t level1 = p2m + up(most_pages, entries);
    std::uint64_t level2 = level1 + up(level1 + 16, entries);      // room for the tables themselves
    std::uint64_t level3 = level2 + 1, level4 = level2 + 2, end = level2 + 3;
    static std::uint64_t address(std::uint64_t pfn) { return image_base + pfn * page_size; }
};

std::span<const std::byte> bytes_of(const Page& page) { return std::as_bytes(std::span{page.words}); }

// A page to put together what is then copied over.
Page& draft() {
    static Page& page = fresh_page();
    page.words.fill(0);
    return page;
}

}

Twin::Twin(void (*body)(), unsigned vcpu_count, unsigned runs) {
    vcpus = vcpu_count;
    const Layout at;
    frames_ = std::span{list}.first(at.end - at.image);
    for (std::uint64_t page = 0; page < frames_.size(); ++page) frames_[page] = at.image + page;
    create(frames_);
    if (trouble != 0) return;
    copy_image();
    write_start_info();
    write_p2m();
    write_tables();
    prepare_vcpu(body, runs);
}

std::uint64_t Twin::mfn_at(std::uint64_t page) const { return frames_[page - Layout{}.image]; }

std::uint64_t Twin::read(const volatile std::uint64_t& word) const {
    return read_word(mfn_at(pfn_of(&word)), number(&word) % page_size / sizeof word);
}
void Twin::write(const volatile std::uint64_t& word, std::uint64_t value) const {
    write_word(mfn_at(pfn_of(&word)), number(&word) % page_size / sizeof word, value);
}

void Twin::copy_image() {
    const Layout at;
    for (std::uint64_t pfn = at.image; pfn < at.info; ++pfn) {
        const auto& page = *reinterpret_cast<const Page*>(at.address(pfn));
        const bool ours = mfn_in(slot_of(&page).value()) == page.mfn();     // no window into somebody else's memory
        if (ours) write_page(mfn_at(pfn), bytes_of(page));
    }
    const auto* const place = reinterpret_cast<const volatile std::uint64_t*>(&kit::start);
    write(*place, at.address(at.info));
}

void Twin::write_start_info() {
    const Layout at;
    auto& info = *reinterpret_cast<start_info_t*>(&draft());
    memcpy(info.magic, kit::start->magic, sizeof info.magic);
    memcpy(info.cmd_line, kit::start->cmd_line, sizeof info.cmd_line);
    info.nr_pages = at.end;
    info.shared_info = OtherDomain::info().shared_info_frame * page_size;
    info.pt_base = at.address(at.level4);
    info.mfn_list = at.address(at.p2m);
    write_page(mfn_at(at.info), bytes_of(*reinterpret_cast<Page*>(&info)));
}

void Twin::write_p2m() {
    const Layout at;
    for (std::uint64_t page = at.p2m; page < at.level1; ++page) {
        Page& part = draft();
        for (std::uint64_t index = 0; index < entries; ++index)
            if (const auto pfn = (page - at.p2m) * entries + index; pfn >= at.image && pfn < at.end)
                part.words[index] = mfn_at(pfn);
        write_page(mfn_at(page), bytes_of(part));
    }
}

void Twin::write_tables() {
    const Layout at;
    for (std::uint64_t table = at.level1; table < at.level2; ++table) {
        Page& part = draft();
        for (std::uint64_t index = 0; index < entries; ++index) {
            const auto pfn = (table - at.level1) * entries + index;
            if (pfn < at.image || pfn >= at.end) continue;
            part.words[index] = entry(mfn_at(pfn), pfn < at.level1 ? kernel_page : read_only_page);
        }
        write_page(mfn_at(table), bytes_of(part));
    }
    Page& directory = draft();
    for (std::uint64_t table = at.level1; table < at.level2; ++table)
        directory.words[index_at(image_base, 2) + table - at.level1] = entry(mfn_at(table), table_entry);
    write_page(mfn_at(at.level2), bytes_of(directory));
    write_word(mfn_at(at.level3), index_at(image_base, 3), entry(mfn_at(at.level2), table_entry));
    write_word(mfn_at(at.level4), index_at(image_base, 4), entry(mfn_at(at.level3), table_entry));
    expect_zero(mmuext_op(MMUEXT_PIN_L4_TABLE, mfn_at(at.level4), static_cast<int>(id)));
}

void Twin::prepare_vcpu(void (*body)(), unsigned runs) {
    static vcpu_guest_context_t context;
    context = {};
    context.flags = VGCF_in_kernel | VGCF_online;
    context.user_regs.rip = reinterpret_cast<std::uint64_t>(body);
    context.user_regs.rsp = number(second_stack_top) - 8;
    context.user_regs.rflags = 0x1000;
    context.user_regs.cs = FLAT_KERNEL_CS;
    context.user_regs.ss = context.kernel_ss = FLAT_KERNEL_SS;
    context.kernel_sp = number(trap_stack_top);
    context.ctrlreg[3] = xen_pfn_to_cr3(mfn_at(Layout{}.level4));
    set_context(context, runs);
}

}
