#include "memory.hpp"

#include "hypercall.hpp"
#include "paging.hpp"

#include <string_view>

extern "C" const std::byte second_stack[], second_stack_top[];

namespace kit {

namespace {
[[gnu::section(".bss.pages.pool")]] std::array<Page, 1000> pool;
[[gnu::section(".bss.pages.shared_info")]] Page shared_info_window;
std::size_t pool_used;
std::array<vcpu_info_t*, 2> registered_info;
}

start_info_t* start;
shared_info_t* shared;

void start_memory(start_info_t* info) {
    start = info;
    update_va_mapping(&shared_info_window, info->shared_info | kernel_page, UVMF_INVLPG);
    shared = reinterpret_cast<shared_info_t*>(&shared_info_window);
}

std::span<Page> fresh_pages(std::size_t count) {
    if (pool_used + count > pool.size()) __builtin_trap();
    pool_used += count;
    return std::span{pool}.subspan(pool_used - count, count);
}

Page& fresh_page() { return fresh_pages(1).front(); }

std::uint64_t Page::mfn() const { return mfn_of(this); }

std::uint64_t pfn_of(const volatile void* address) {
    return (reinterpret_cast<std::uint64_t>(address) - image_base) / page_size;
}
std::uint64_t& p2m(std::uint64_t pfn) { return reinterpret_cast<std::uint64_t*>(start->mfn_list)[pfn]; }
std::uint64_t m2p(std::uint64_t mfn) { return machine_to_phys_mapping[mfn]; }
std::uint64_t mfn_of(const volatile void* address) { return p2m(pfn_of(address)); }
std::uint64_t machine_of(const volatile void* address) {
    return mfn_of(address) * page_size + reinterpret_cast<std::uint64_t>(address) % page_size;
}
Page& page_of(std::uint64_t mfn) { return *reinterpret_cast<Page*>(image_base + m2p(mfn) * page_size); }

bool on_bochs() { return std::string_view{reinterpret_cast<const char*>(start->cmd_line)}.contains("machine="); }

bool on_bochs_svm() { return std::string_view{reinterpret_cast<const char*>(start->cmd_line)}.contains("machine=ryzen"); }

bool on_stock_xen() { return std::string_view{reinterpret_cast<const char*>(start->cmd_line)}.contains("on=xen"); }

vcpu_info_t& vcpu_info(unsigned vcpu) { return registered_info[vcpu] ? *registered_info[vcpu] : shared->vcpu_info[vcpu]; }
vcpu_info_t& vcpu_info() { return vcpu_info(running_vcpu()); }
void set_vcpu_info(unsigned vcpu, vcpu_info_t& place) { registered_info[vcpu] = &place; }

unsigned running_vcpu() {
    const auto* here = static_cast<const std::byte*>(__builtin_frame_address(0));
    return here >= second_stack && here < second_stack_top;
}

}
