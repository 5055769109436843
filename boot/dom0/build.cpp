#include "boot/dom0/build.hpp"

#include <algorithm>
#include <bit>
#include <optional>
#include <utility>

#include "abi/xen.hpp"
#include "boot/dom0/bootstrap_tables.hpp"
#include "boot/dom0/command_line.hpp"
#include "boot/dom0/decoders/unpack.hpp"
#include "boot/dom0/extents.hpp"
#include "boot/dom0/fit.hpp"
#include "boot/dom0/kernel_image.hpp"
#include "boot/dom0/plan.hpp"
#include "boot/memory.hpp"
#include "debug/log.hpp"
#include "devices/firmware.hpp"
#include "domain/doors.hpp"
#include "domain/run.hpp"
#include "guests/pv/hypercall_page.hpp"
#include "memory/allocator.hpp"
#include "memory/m2p.hpp"
#include "memory/start.hpp"
#include "paging/pins.hpp"

namespace basalt::dom0 {
namespace {

// Used while Dom0 is built, and too large for the stack.
constinit Extents memory;
constinit vcpu_guest_context context{};

constexpr Format<> no_memory_for_it = "there is no memory for it";
constexpr std::uint64_t mebibyte = (1 << 20) / page_size;   // in frames

// Frames that Basalt needs for a moment.
class WorkingMemory {
public:
    static Started<WorkingMemory> take(std::size_t size) {
        const std::uint64_t frames = (size + page_size - 1) / page_size;
        const auto order = static_cast<unsigned>(std::bit_width(std::max<std::uint64_t>(frames, 1) - 1));
        const auto first = allocate_frames(order);
        if (!first) return because("there are no {} MiB in one piece to unpack it in", size >> 20);
        const FrameSpan whole{*first, *first + (std::uint64_t{1} << order)};
        const FrameSpan kept{whole.begin, whole.begin + std::max<std::uint64_t>(frames, 1)};
        give_back({kept.end, whole.end});
        return WorkingMemory(kept, size);
    }
    WorkingMemory(WorkingMemory&& other) noexcept
        : frames_(std::exchange(other.frames_, FrameSpan(no_mfn, no_mfn))), size_(other.size_) {}
    WorkingMemory& operator=(WorkingMemory&&) = delete;
    ~WorkingMemory() { give_back(frames_); }
    std::span<std::byte> bytes() const { return {static_cast<std::byte*>(contents(frames_.begin)), size_}; }
    std::uint64_t frames() const { return frames_.size(); }

private:
    WorkingMemory(FrameSpan frames, std::size_t size) : frames_(frames), size_(size) {}
    FrameSpan frames_;
    std::size_t size_;
};

// The kernel as an ELF file: in the loader's module, or unpacked out of it.
struct KernelFile {
    Bytes bytes;
    std::optional<WorkingMemory> unpacked;
};

Started<KernelFile> elf_file_in(Bytes module) {
    const Payload payload = TRY(find_payload(module));
    if (payload.packing == Packing::none) return KernelFile{payload.bytes, std::nullopt};
    log(Level::info, "Dom0 kernel: {} KiB packed, {} KiB unpacked", payload.bytes.size() >> 10, payload.unpacked_size >> 10);
    WorkingMemory unpacked = TRY(WorkingMemory::take(payload.unpacked_size));
    const WorkingMemory scratch = TRY(WorkingMemory::take(scratch_for(payload.packing)));
    TRY(unpack(payload, unpacked.bytes(), scratch.bytes()));
    const Bytes bytes = unpacked.bytes();
    return KernelFile{bytes, std::move(unpacked)};
}

std::string_view words_for(Clamp clamp) {
    switch (clamp) {
        case Clamp::more_than_there_is: return "more than can be given away";
        case Clamp::too_little_to_start: return "too few for its kernel";
        case Clamp::list_too_long: return "more than its kernel can list";
        case Clamp::less_than_nothing:
        case Clamp::none: break;
    }
    return "as they are";
}

MemoryFit fit_to_machine(const KernelFile& file, const ElfImage& image, const Wishes& wishes) {
    const std::uint64_t loaded_from = frames_of_modules(boot_info()) + (file.unpacked ? file.unpacked->frames() : 0);
    const std::uint64_t all = free_counts().free + loaded_from;
    const auto fit = fit_memory(wishes.memory, {.all = all,
                                                .needed = least_pages(image, wishes.initrd.size(), all),
                                                .listable = longest_p2m(image, wishes.initrd.size())});
    if (fit.clamp == Clamp::less_than_nothing)
        log(Level::warning, "dom0_mem: {} MiB are to be left out, more than there are: Dom0 gets {} MiB", fit.wished / mebibyte,
            fit.frames / mebibyte);
    else if (fit.clamp != Clamp::none)
        log(Level::warning, "dom0_mem: {} MiB are wished, {}: Dom0 gets {} MiB", fit.wished / mebibyte, words_for(fit.clamp),
            fit.frames / mebibyte);
    return fit;
}

std::uint32_t vcpus_for(const Wishes& wishes) {
    const std::uint32_t vcpus = fit_vcpus(wishes.vcpus, wishes.cpus);
    if (vcpus < wishes.vcpus.least)
        log(Level::warning, "dom0_max_vcpus: {} are wished, more than a domain can have: Dom0 gets {}", wishes.vcpus.least,
            vcpus);
    return vcpus;
}

Result<> pin_each(const Domain& domain, std::uint32_t cpus) {
    for (Vcpu* const vcpu : domain.vcpus()) {
        const CpuMask own = CpuMask::of(CpuId(vcpu->id.raw % cpus));
        TRY(scheduler().set_affinity(vcpu->unit, own, vcpu->unit.preferred()));
    }
    return {};
}

void load_segments(const ElfImage& image, const Plan& plan) {
    for (const Segment& segment : image.segments()) {
        const Pfn first = plan.pfn_of(segment.address);
        memory.copy(first, segment.address % page_size, segment.file);
    }
}

void fill_p2m(const Plan& plan) {
    const Pfn list = plan.p2m_is_apart ? plan.p2m_pfn : plan.pfn_of(plan.p2m.start);
    constexpr std::uint64_t in_page = page_size / sizeof(xen_pfn_t);
    memory.each([&](Pfn first, Mfn mfn, std::uint64_t pages) {
        for (std::uint64_t page = 0; page < pages;) {
            const std::uint64_t pfn = first.raw + page;
            const std::span entries(&memory.at<xen_pfn_t>(list + pfn / in_page), in_page);
            for (auto& entry : entries.subspan(pfn % in_page, std::min(in_page - pfn % in_page, pages - page))) {
                entry = mfn.raw + page;
                set_m2p(mfn + page, first.raw + page);
                ++page;
            }
        }
    });
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
    // Xen's header says bytes where letters are meant.
    const std::span letters(reinterpret_cast<char*>(info.cmd_line), MAX_GUEST_CMDLINE);
    const auto left = write_command_line(letters, wishes.command_line, firmware().rsdp_by_uefi);
    if (left != 0) log(Level::warning, "Dom0's command line is too long: its last {} characters are left out", left);
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

// Nobody waits yet.
template <typename Act>
Started<> insist(std::string_view refused, Act act) {
    for (;;) {
        paging::Budget budget;
        const Step<> step = act(budget);
        if (step.done()) return {};
        if (step.refused() != nullptr) return because("{}", refused);
    }
}

// As much memory as there is for now, and in it what the loader's modules hold: after that they are not needed any more.
Started<> load(const ElfImage& image, const Plan& plan, const Wishes& wishes, Domain& domain, const MemoryFit& fit) {
    const std::uint64_t free = free_counts().free;
    const std::uint64_t spare = free - free / 16;
    const std::uint64_t pages = std::min(fit.frames, std::max(plan.pages_needed, spare));
    TRY(unless_refused(memory.grow_to(domain.memory, pages), no_memory_for_it));
    memory.zero(Pfn(0), plan.pages_needed);
    load_segments(image, plan);
    memory.copy(plan.initrd_pfn, 0, wishes.initrd);
    return {};
}

Started<> start_first_vcpu(Domain& domain, const ElfImage& image, const Plan& plan) {
    const Mfn root = write_bootstrap_tables(plan, memory);
    TRY(insist("the page tables that its notes ask for are not allowed",
               [&](paging::Budget& budget) { return paging::pin(root, root_level, domain.memory, budget); }));
    Vcpu& first = *domain.vcpu(VcpuId(0));
    TRY(insist("its first vcpu cannot begin as its notes ask",
               [&](paging::Budget& budget) { return set_context(first, first_context(image, plan, root), budget); }));
    scheduler().release(first.unit, Hold::down);
    return {};
}

}  // namespace

Started<Domain*> build(const Wishes& wishes) {
    KernelFile file = TRY(elf_file_in(wishes.kernel));
    const ElfImage image = TRY(read_elf(file.bytes));
    const MemoryFit fit = fit_to_machine(file, image, wishes);
    const std::uint32_t vcpus = vcpus_for(wishes);
    const Plan plan = TRY(plan_for(image, fit.frames, wishes.initrd.size()));

    Domain* const domain =
        TRY(unless_refused(create_domain({.id = DomainId(0), .privileged = true, .vcpu_limit = vcpus}), no_memory_for_it));
    domain->memory.most = fit.most;
    const auto add_vcpus = [](Steering& steering) { return steering.add_vcpus(); };
    TRY(unless_refused(domain->control.try_with(add_vcpus, refuse(Error::busy)), "there is no memory for its vcpus"));
    if (wishes.vcpus_pinned) TRY(unless_refused(pin_each(*domain, wishes.cpus), "its vcpus cannot be pinned"));
    TRY(load(image, plan, wishes, *domain, fit));
    file.unpacked.reset();
    give_modules_back(boot_info());
    TRY(unless_refused(memory.grow_to(domain->memory, fit.frames), no_memory_for_it));

    fill_p2m(plan);
    fill_start_info(*domain, plan, wishes, image.notes.module_by_pfn);
    if (const auto page = image.notes.hypercall_page) write_hypercall_page(&memory.at<std::byte>(plan.pfn_of(*page)));
    log(Level::info, "Dom0 has {} MiB, {} vcpus; kernel {x}-{x}, entry {x}", fit.frames / mebibyte, vcpus, image.start,
        image.end, image.entry);
    TRY(start_first_vcpu(*domain, image, plan));
    return domain;
}

}  // namespace basalt::dom0
