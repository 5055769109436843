#include "boot/dom0/build.hpp"

#include <algorithm>
#include <cstring>

#include "boot/dom0/bootstrap_tables.hpp"
#include "boot/dom0/decoders/unpack.hpp"
#include "boot/dom0/extents.hpp"
#include "boot/dom0/kernel_image.hpp"
#include "boot/dom0/plan.hpp"
#include "debug/log.hpp"
#include "domain/run.hpp"
#include "guests/pv/context.hpp"
#include "guests/pv/hypercall_page.hpp"
#include "memory/allocator.hpp"
#include "memory/m2p.hpp"
#include "paging/pins.hpp"

namespace basalt::dom0 {
namespace {

// Used while Dom0 is built, and too large for the stack.
constinit Extents memory;
constinit vcpu_guest_context context{};

constexpr Format<> no_memory_for_it = "there is no memory for it";
constexpr std::uint64_t kept_back = std::uint64_t{64} << 20;   // for Basalt itself, of what dom0_mem= does not say

std::span<std::byte> working_memory(Mfn first, std::size_t size) {
    return {static_cast<std::byte*>(contents(first)), size};
}

// Frames that Basalt needs for a moment.
class WorkingMemory {
public:
    static Started<WorkingMemory> take(std::size_t size) {
        const auto order = size <= page_size ? 0 : static_cast<unsigned>(std::bit_width((size - 1) >> page_shift));
        const auto first = allocate_frames(order);
        if (!first) return because("there are no {} MiB in one piece to unpack it in", size >> 20);
        return WorkingMemory(*first, order, size);
    }
    WorkingMemory(WorkingMemory&& other) noexcept
        : first_(std::exchange(other.first_, no_mfn)), order_(other.order_), size_(other.size_) {}
    WorkingMemory& operator=(WorkingMemory&&) = delete;
    ~WorkingMemory() {
        if (first_ != no_mfn) free_frames(first_, order_);
    }
    std::span<std::byte> bytes() const { return working_memory(first_, size_); }

private:
    WorkingMemory(Mfn first, unsigned order, std::size_t size) : first_(first), order_(order), size_(size) {}
    Mfn first_;
    unsigned order_;
    std::size_t size_;
};

std::uint64_t pages_for(std::uint64_t wished) {
    const std::uint64_t free = free_counts().free;
    const std::uint64_t spared = kept_back / page_size;
    return wished != 0 ? wished / page_size : free - std::min(free, std::max(spared, free / 16));
}

void load_segments(const ElfImage& image, const Plan& plan) {
    for (const Segment& segment : image.segments()) {
        const Pfn first = plan.pfn_of(segment.address);
        memory.copy(first, segment.address % page_size, segment.file);
    }
}

void fill_p2m(const Plan& plan) {
    const Pfn first = plan.p2m_is_apart ? plan.p2m_pfn : plan.pfn_of(plan.p2m.start);
    constexpr std::uint64_t in_page = page_size / sizeof(xen_pfn_t);
    for (std::uint64_t pfn = 0; pfn < memory.pages(); ++pfn) {
        const Mfn mfn = memory.mfn(Pfn(pfn));
        (&memory.at<xen_pfn_t>(first + pfn / in_page))[pfn % in_page] = mfn.raw;
        set_m2p(mfn, pfn);
    }
}

void fill_start_info(const Domain& domain, const Plan& plan, const Wishes& wishes, bool module_by_pfn) {
    auto& info = memory.at<start_info_t>(plan.pfn_of(plan.start_info.start));
    std::ranges::copy(std::string_view("xen-3.0-x86_64"), info.magic);
    info.nr_pages = memory.pages();
    info.shared_info = physical_of(domain.shared_info_frame);
    info.flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
    info.pt_base = plan.tables.start;
    info.nr_pt_frames = plan.tables.pages();
    info.mfn_list = plan.p2m.start;
    if (plan.p2m_is_apart) {
        info.first_p2m_pfn = plan.p2m_pfn.raw;
        info.nr_p2m_frames = plan.p2m.pages() + plan.p2m_table_pages;
    }
    if (!wishes.initrd.empty()) {
        info.mod_start = module_by_pfn ? plan.initrd_pfn.raw : plan.initrd->start;
        info.mod_len = wishes.initrd.size();
        if (module_by_pfn) info.flags |= SIF_MOD_START_PFN;
    }
    const auto text = wishes.command_line.substr(0, MAX_GUEST_CMDLINE - 1);
    std::ranges::copy(text, info.cmd_line);
}

// As <xen/arch-x86/xen.h> has it for a vcpu's first instruction; the rest of the registers is zero.
const vcpu_guest_context& first_context(const ElfImage& image, const Plan& plan, Mfn root) {
    context.flags = VGCF_in_kernel;
    auto& registers = context.user_regs;
    registers.rip = image.entry;
    registers.rsp = plan.stack.end;
    registers.rsi = plan.start_info.start;
    registers.rflags = rflags::always | rflags::interrupts;
    registers.cs = FLAT_KERNEL_CS;
    registers.ss = FLAT_KERNEL_SS;
    registers.ds = registers.es = FLAT_KERNEL_DS;
    context.kernel_ss = FLAT_KERNEL_SS;
    context.kernel_sp = plan.stack.end;
    context.ctrlreg[3] = xen_pfn_to_cr3(root.raw);
    return context;
}

Started<> pin_root(Mfn root, DomainMemory& owner) {
    for (;;) {
        paging::Budget budget;
        const Step<> step = paging::pin(root, 4, owner, budget);
        if (step.done()) return {};
        if (step.refused() != nullptr) return because("the page tables that its notes ask for are not allowed");
    }
}

Started<Domain*> build_from(const ElfImage& image, const Wishes& wishes) {
    const std::uint64_t pages = pages_for(wishes.memory);
    const Plan plan = TRY(plan_for(image, pages, wishes.initrd.size()));
    Domain* const domain = TRY(unless_refused(create_domain({.id = DomainId(0), .privileged = true}), no_memory_for_it));
    domain->memory.most = ~std::uint64_t{0};
    TRY(unless_refused(memory.take(domain->memory, pages), no_memory_for_it));
    for (std::uint32_t vcpu = 0; vcpu < wishes.vcpus; ++vcpu)
        TRY(unless_refused(domain->add_vcpu(), "there is no memory for its vcpus, or they are more than 64"));

    load_segments(image, plan);
    memory.copy(plan.initrd_pfn, 0, wishes.initrd);
    fill_p2m(plan);
    fill_start_info(*domain, plan, wishes, image.notes.module_by_pfn);
    if (const auto page = image.notes.hypercall_page)
        write_hypercall_page(&memory.at<std::byte>(plan.pfn_of(*page)));

    const Mfn root = write_bootstrap_tables(plan, memory);
    TRY(pin_root(root, domain->memory));
    Vcpu& first = *domain->vcpu(VcpuId(0));
    TRY(unless_refused(set_context(first, first_context(image, plan, root)), "its first vcpu cannot begin as its notes ask"));
    first.initialised = true;

    log(Level::info, "Dom0 has {} MiB, {} vcpus; kernel {x}-{x}, entry {x}", pages >> 8, wishes.vcpus, image.start,
        image.end, image.entry);
    scheduler().release(first.unit, Hold::down);
    return domain;
}

}  // namespace

Started<Domain*> build(const Wishes& wishes) {
    const Payload payload = TRY(find_payload(wishes.kernel));
    if (payload.packing == Packing::none) return build_from(TRY(read_elf(payload.bytes)), wishes);

    log(Level::info, "Dom0 kernel: {} KiB packed, {} KiB unpacked", payload.bytes.size() >> 10,
        payload.unpacked_size >> 10);
    const WorkingMemory unpacked = TRY(WorkingMemory::take(payload.unpacked_size));
    {
        const WorkingMemory scratch = TRY(WorkingMemory::take(scratch_for(payload.packing)));
        TRY(unpack(payload, unpacked.bytes(), scratch.bytes()));
    }
    return build_from(TRY(read_elf(unpacked.bytes())), wishes);
}

}  // namespace basalt::dom0
