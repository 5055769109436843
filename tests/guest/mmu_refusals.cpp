// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Why the page-table calls refuse, row by row: which entries, whose tables and pages, and what is only for oneself.
#include "kit/case.hpp"
#include "kit/paging.hpp"
#include "kit/small_domain.hpp"
#include "kit/twin.hpp"

namespace kit {
namespace {

constexpr std::uint64_t no_frame = 0xffffffffff, local_apic = 0xfee00, screen = 0xb8;

struct Other : SmallDomain {
    Other() : SmallDomain(endless_loop) { expect_equal(trouble, 0); }
    ~Other() { expect_equal(destroy(), 0); }
    std::uint64_t page() const { return frames[spare]; }
    std::uint64_t table() const { return frames[level1]; }
};

// One request, with both halves of the domains argument: whose pages, and whose tables plus 1.
Status update(std::uint64_t ptr, std::uint64_t value, unsigned pages, unsigned tables = 0) {
    const mmu_update_t request{ptr, value};
    return hypercall(__HYPERVISOR_mmu_update, &request, 1, nullptr, tables << 16 | pages);
}
Status update_other(const Page& window, std::uint64_t value, unsigned domain, std::uint64_t flags = UVMF_INVLPG) {
    return hypercall(__HYPERVISOR_update_va_mapping_otherdomain, &window, value, flags, domain);
}
Status set_ldt(std::uint64_t address, unsigned entries) {
    mmuext_op_t request{};
    request.cmd = MMUEXT_SET_LDT;
    request.arg1.linear_addr = address;
    request.arg2.nr_ents = entries;
    return mmuext_op(std::span{&request, 1});
}

template <unsigned kind>
void refuses_entries() {
    const Other other;
    Page& window = fresh_page();
    const Slot slot = slot_of(&window);
    const std::uint64_t before = slot.value();
    const auto set = [&](std::uint64_t value) { return mmu_update(slot.machine() | kind, value); };
    expect_equal(set(entry(no_frame, kernel_page)), -XEN_EINVAL);
    expect_equal(set(entry(root_mfn(), kernel_page)), -XEN_EBUSY);
    expect_equal(set(entry(other.page(), kernel_page)), -XEN_EBUSY);
    expect_equal(set(entry(other.page(), read_only_page)), -XEN_EBUSY);
    expect_equal(set(entry(local_apic, kernel_page)), -XEN_EPERM);
    expect_equal(slot.value(), before);
    for (const std::uint64_t ptr : {no_frame * page_size, local_apic * page_size, 1ul << 52, 1ul << 63, other.table() * page_size})
        expect_equal(mmu_update(ptr | kind, 0), -XEN_EINVAL);
    expect_equal(set(entry(window.mfn(), kernel_page)), 0);
}

// A tree up to a level whose one leaf is this entry.
const Page& tree(unsigned level, std::uint64_t leaf) {
    const Page* top = &table_of(leaf);
    for (unsigned at = 2; at <= level; ++at) top = &table_of(entry(top->mfn(), table_entry));
    return *top;
}

template <unsigned level>
void pins_no_bad_leaf() {
    const unsigned pin = MMUEXT_PIN_L1_TABLE + level - 1;
    const Other other;
    expect_equal(mmuext_op(pin, tree(level, entry(no_frame, kernel_page)).mfn()), -XEN_EINVAL);
    expect_equal(mmuext_op(pin, tree(level, entry(root_mfn(), kernel_page)).mfn()), -XEN_EBUSY);
    expect_equal(mmuext_op(pin, tree(level, entry(other.page(), read_only_page)).mfn()), -XEN_EBUSY);
    expect_equal(mmuext_op(pin, tree(level, entry(local_apic, kernel_page)).mfn()), -XEN_EPERM);
    for (const std::uint64_t frame : {no_frame, screen, other.page()}) expect_equal(mmuext_op(pin, frame), -XEN_EINVAL);
}

template <unsigned command>
void takes_no_bad_root() {
    const Other other;
    expect_equal(mmuext_op(command, tree(4, entry(no_frame, kernel_page)).mfn()), -XEN_EINVAL);
    expect_equal(mmuext_op(command, tree(4, entry(root_mfn(), kernel_page)).mfn()), -XEN_EBUSY);
    expect_equal(mmuext_op(command, tree(4, entry(local_apic, kernel_page)).mfn()), -XEN_EPERM);
    expect_equal(mmuext_op(command, other.frames[SmallDomain::level4]), -XEN_EINVAL);
    expect_equal(mmuext_op(command, other.frames[SmallDomain::level4], static_cast<int>(other.id)), -XEN_EPERM);
}

template <unsigned command>
void is_for_itself() {
    const Other other;
    unsigned long vcpus = 1;
    mmuext_op_t request{};
    request.cmd = command;
    request.arg1.linear_addr = fresh_page().address();
    if (command == MMUEXT_TLB_FLUSH_MULTI || command == MMUEXT_INVLPG_MULTI) set_xen_guest_handle(request.arg2.vcpumask, &vcpus);
    expect_equal(mmuext_op(std::span{&request, 1}, nullptr, static_cast<int>(other.id)), -XEN_EPERM);
    if (command != MMUEXT_SET_LDT) expect_equal(mmuext_op(std::span{&request, 1}), 0);
    if (command == MMUEXT_INVLPG_LOCAL || command == MMUEXT_INVLPG_ALL || command == MMUEXT_INVLPG_MULTI)
        for (const std::uint64_t address : {nowhere, not_canonical, std::uint64_t{HYPERVISOR_VIRT_START}, ~0ul}) {
            request.arg1.linear_addr = address;
            expect_equal(mmuext_op(std::span{&request, 1}), 0);
        }
}

template <unsigned command>
void reads_bit_map() {
    mmuext_op_t request{};
    request.cmd = command;
    for (const std::uint64_t address : {0ul, nowhere, not_canonical, std::uint64_t{HYPERVISOR_VIRT_START}}) {
        set_xen_guest_handle(request.arg2.vcpumask, reinterpret_cast<unsigned long*>(address));
        expect_equal(mmuext_op(std::span{&request, 1}), -XEN_EINVAL);
    }
    unsigned long nobodys = 0, all = ~0ul;
    for (unsigned long* const map : {&nobodys, &all}) {
        set_xen_guest_handle(request.arg2.vcpumask, map);
        expect_equal(mmuext_op(std::span{&request, 1}), 0);
    }
}

constexpr auto twin_wanted = std::to_array<Status>({-XEN_EPERM, -XEN_EPERM, -XEN_EPERM, -XEN_EPERM, -XEN_EPERM, -XEN_EACCES, -XEN_EINVAL,
                                                    0, -XEN_EPERM, -XEN_ESRCH, -XEN_EINVAL});
std::array<volatile std::uint64_t, twin_wanted.size()> answered;

void twin_asks() {
    start_memory(start);
    start_traps();
    std::size_t next = 0;
    const auto note = [&](Status status) { answered[next++] = static_cast<std::uint64_t>(status); };
    Page& window = fresh_page();
    const std::uint64_t same = entry(window.mfn(), kernel_page);
    const std::array<mmu_update_t, 2> twice{{{slot_of(&window).machine(), same}, {slot_of(&window).machine(), same}}};
    note(update(slot_of(&window).machine(), same, 0));
    note(update(slot_of(&window).machine(), same, DOMID_SELF, 1));
    note(mmu_update(twice, nullptr, 0));
    std::array<mmuext_op_t, 2> flushes{};
    flushes[0].cmd = flushes[1].cmd = MMUEXT_TLB_FLUSH_LOCAL;
    note(mmuext_op(flushes, nullptr, 0));
    note(mmuext_op(MMUEXT_TLB_FLUSH_LOCAL, 0, 0));
    note(mmuext_op(MMUEXT_FLUSH_CACHE));
    note(mmuext_op(MMUEXT_FLUSH_CACHE_GLOBAL));
    note(update_other(window, same, DOMID_SELF));
    note(update_other(window, 0, 0));
    note(update_other(window, 0, nobody));
    note(update(slot_of(&window).machine(), same | cache_disable, DOMID_SELF));
    sched_shutdown_t poweroff{SHUTDOWN_poweroff};
    for (;;) call<rows::sched_op, SCHEDOP_shutdown>(poweroff);
}

constexpr auto table = std::to_array<Case>({
    {"mmu_update.normal", "refuses entries and places that may not be", refuses_entries<MMU_NORMAL_PT_UPDATE>},
    {"mmu_update.preserve_ad", "refuses entries and places that may not be", refuses_entries<MMU_PT_UPDATE_PRESERVE_AD>},
    {"mmu_update.no_translate", "refuses entries and places that may not be", refuses_entries<MMU_PT_UPDATE_NO_TRANSLATE>},
    {"mmu_update.machphys", "is for frames of the pages' domain, and for one's own tables", [] {
        const Other other;
        Page& page = fresh_page();
        const std::uint64_t pfn = pfn_of(&page);
        for (const unsigned offset : {0u, 8u, 4088u}) expect_equal(update(page.machine() + offset + MMU_MACHPHYS_UPDATE, pfn, DOMID_SELF), 0);
        expect_equal(update(other.page() * page_size | MMU_MACHPHYS_UPDATE, 77, other.id), 0);
        expect_equal(m2p(other.page()), 77);
        expect_equal(update(other.page() * page_size | MMU_MACHPHYS_UPDATE, 78, other.id, other.id + 1), -XEN_EPERM);
        for (const std::uint64_t frame : {other.page(), screen, no_frame, mfn_in(Slot{root_mfn(), 261}.value())})
            expect_equal(update(frame * page_size | MMU_MACHPHYS_UPDATE, 78, DOMID_SELF), -XEN_EINVAL);
        expect_equal(update(page.machine() | MMU_MACHPHYS_UPDATE, pfn, other.id), -XEN_EINVAL);
        expect_equal(m2p(other.page()), 77);
    }},
    {"mmu_update", "pages are one's own by DOMID_SELF alone, tables by their number alone", [] {
        Page& window = fresh_page();
        const std::uint64_t place = slot_of(&window).machine(), same = entry(window.mfn(), kernel_page);
        expect_equal(update(place, same, 0), -XEN_ESRCH);
        expect_equal(update(place, same, nobody), -XEN_ESRCH);
        expect_equal(update(place, same, DOMID_SELF, 1), 0);
        expect_equal(update(place, same, DOMID_SELF, DOMID_SELF + 1), -XEN_ESRCH);
        expect_equal(update(place, same, DOMID_SELF, nobody + 1), -XEN_ESRCH);
        expect_equal(mmuext_op(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), -XEN_ESRCH);
    }},
    {"mmu_update.normal", "writes another domain's tables, with its pages or one's own", [] {
        const Other other;
        Page& mine = fresh_page();
        const std::uint64_t place = other.table() * page_size + 8 * 5;
        expect_equal(update(place, entry(other.page(), kernel_page), other.id, other.id + 1), 0);
        expect_equal(update(place, entry(mine.mfn(), kernel_page), other.id, other.id + 1), -XEN_EBUSY);
        expect_equal(update(place, entry(mine.mfn(), kernel_page), DOMID_SELF, other.id + 1), 0);
        expect_equal(update(place, 0, other.id, other.id + 1), 0);
        expect_equal(update(slot_of(&mine).machine(), 0, DOMID_SELF, other.id + 1), -XEN_EINVAL);       // our table, not its
        expect_equal(update(place, 0, DOMID_SELF), -XEN_EINVAL);                                        // and the other way
    }},
    {"update_va_mapping", "refuses entries and addresses that may not be", [] {
        const Other other;
        Page& window = fresh_page();
        const std::uint64_t same = entry(window.mfn(), kernel_page);
        expect_equal(update_va_mapping(&window, entry(other.page(), kernel_page)), -XEN_EBUSY);
        expect_equal(update_va_mapping(&window, entry(local_apic, kernel_page)), -XEN_EPERM);
        for (const std::uint64_t address : {nowhere, not_canonical, std::uint64_t{HYPERVISOR_VIRT_START}, 0x900000000000ul})
            expect_equal(update_va_mapping(address, same), -XEN_EINVAL);
        expect_equal(update_va_mapping(window.address() + 4095, same), 0);
    }},
    {"update_va_mapping", "a bit map is read where a flush is asked for; the entry is written before", [] {
        Page& window = fresh_page();
        Page& target = fresh_page();
        const std::uint64_t same = entry(window.mfn(), kernel_page);
        for (const std::uint64_t map : unreachable) {
            expect_equal(update_va_mapping(&window, entry(target.mfn(), kernel_page), map | UVMF_INVLPG), -XEN_EFAULT);
            expect_equal(mfn_in(slot_of(&window).value()), target.mfn());
            expect_equal(update_va_mapping(&window, same, map | UVMF_TLB_FLUSH), -XEN_EFAULT);
            expect_equal(update_va_mapping(&window, same, map | UVMF_NONE), 0);
            expect_equal(update_va_mapping(&window, same, map | 3), 0);              // no kind of flush
        }
        expect_equal(update_va_mapping(&window, same, UVMF_TLB_FLUSH | UVMF_ALL), 0);
    }},
    {"update_va_mapping_otherdomain", "maps pages of the domain that is named, and no others", [] {
        const Other other;
        Page& window = fresh_page();
        const std::uint64_t same = entry(window.mfn(), kernel_page);
        expect_equal(update_other(window, entry(other.page(), kernel_page), other.id), 0);
        window.words[0] = 5;
        expect_equal(other.read(SmallDomain::spare, 0), 5);
        expect_equal(update_other(window, entry(other.table(), kernel_page), other.id), -XEN_EBUSY);
        expect_equal(update_other(window, entry(fresh_page().mfn(), kernel_page), other.id), -XEN_EBUSY);
        expect_equal(update_other(window, entry(no_frame, kernel_page), other.id), -XEN_EINVAL);
        expect_equal(update_other(window, entry(local_apic, kernel_page), DOMID_IO), -XEN_EPERM);
        expect_equal(update_other(window, entry(screen, kernel_page), DOMID_IO), 0);
        expect_equal(update_other(window, same, 0), -XEN_ESRCH);
        expect_equal(update_other(window, same, nobody), -XEN_ESRCH);
        expect_equal(update_other(window, same, DOMID_SELF, nowhere | UVMF_INVLPG), -XEN_EFAULT);
        expect_equal(update_other(window, same, DOMID_SELF), 0);
        expect_equal(hypercall(__HYPERVISOR_update_va_mapping_otherdomain, nowhere, 0, 0, other.id), -XEN_EINVAL);
    }},
    {"mmuext_op.pin_l1_table", "refuses tables with leaves that may not be", pins_no_bad_leaf<1>},
    {"mmuext_op.pin_l2_table", "refuses tables with leaves that may not be", pins_no_bad_leaf<2>},
    {"mmuext_op.pin_l3_table", "refuses tables with leaves that may not be", pins_no_bad_leaf<3>},
    {"mmuext_op.pin_l4_table", "refuses tables with leaves that may not be", pins_no_bad_leaf<4>},
    {"mmuext_op.new_baseptr", "refuses roots with leaves that may not be, and others' roots", takes_no_bad_root<MMUEXT_NEW_BASEPTR>},
    {"mmuext_op.new_user_baseptr", "refuses roots with leaves that may not be, and others' roots", takes_no_bad_root<MMUEXT_NEW_USER_BASEPTR>},
    {"mmuext_op.tlb_flush_local", "is for oneself", is_for_itself<MMUEXT_TLB_FLUSH_LOCAL>},
    {"mmuext_op.invlpg_local", "is for oneself, and any address will do", is_for_itself<MMUEXT_INVLPG_LOCAL>},
    {"mmuext_op.tlb_flush_multi", "is for oneself", is_for_itself<MMUEXT_TLB_FLUSH_MULTI>},
    {"mmuext_op.invlpg_multi", "is for oneself, and any address will do", is_for_itself<MMUEXT_INVLPG_MULTI>},
    {"mmuext_op.tlb_flush_all", "is for oneself", is_for_itself<MMUEXT_TLB_FLUSH_ALL>},
    {"mmuext_op.invlpg_all", "is for oneself, and any address will do", is_for_itself<MMUEXT_INVLPG_ALL>},
    {"mmuext_op.flush_cache", "is for oneself", is_for_itself<MMUEXT_FLUSH_CACHE>},
    {"mmuext_op.flush_cache_global", "is for oneself", is_for_itself<MMUEXT_FLUSH_CACHE_GLOBAL>},
    {"mmuext_op.set_ldt", "is for oneself", is_for_itself<MMUEXT_SET_LDT>},
    {"mmuext_op.tlb_flush_multi", "refuses bit maps that cannot be read; nobody and vcpus that are not there are no error",
     reads_bit_map<MMUEXT_TLB_FLUSH_MULTI>},
    {"mmuext_op.invlpg_multi", "refuses bit maps that cannot be read; nobody and vcpus that are not there are no error",
     reads_bit_map<MMUEXT_INVLPG_MULTI>},
    {"mmuext_op.set_ldt", "0 to 8192 entries, from a page of the guest's on; none is none anywhere", [] {
        const std::uint64_t page = fresh_page().address();
        for (const unsigned entries : {8193u, 0x10000u, ~0u}) expect_equal(set_ldt(page, entries), -XEN_EINVAL);
        for (const std::uint64_t address : {page + 8, page + 1, std::uint64_t{HYPERVISOR_VIRT_START}, not_canonical, 0x900000000000ul})
            expect_equal(set_ldt(address, 1), -XEN_EINVAL);
        expect_equal(set_ldt(page, 8192), 0);
        expect_equal(set_ldt(0ul - page_size, 8192), 0);
        for (const std::uint64_t address : {0ul, 8ul, not_canonical}) expect_equal(set_ldt(address, 0), 0);
    }},
    {"mmuext_op.clear_page", "clears other domains' pages for Dom0, devices' and tables for nobody", [] {
        const Other other;
        other.write(SmallDomain::spare, 9, 9);
        expect_equal(mmuext_op(MMUEXT_CLEAR_PAGE, other.page()), -XEN_EINVAL);
        expect_equal(mmuext_op(MMUEXT_CLEAR_PAGE, other.page(), static_cast<int>(other.id)), 0);
        expect_equal(other.read(SmallDomain::spare, 9), 0);
        expect_equal(mmuext_op(MMUEXT_CLEAR_PAGE, other.table(), static_cast<int>(other.id)), -XEN_EINVAL);
        expect_equal(mmuext_op(MMUEXT_CLEAR_PAGE, screen), -XEN_EINVAL);
    }},
    {"mmuext_op.copy_page", "copies within one domain, a table too, and a page onto itself", [] {
        const Other other;
        Page& page = fresh_page();
        const auto copy = [&](std::uint64_t to, std::uint64_t from, unsigned domain) {
            mmuext_op_t request{};
            request.cmd = MMUEXT_COPY_PAGE;
            request.arg1.mfn = to;
            request.arg2.src_mfn = from;
            return mmuext_op(std::span{&request, 1}, nullptr, static_cast<int>(domain));
        };
        expect_equal(copy(page.mfn(), root_mfn(), DOMID_SELF), 0);
        expect_equal(page.words[0], page_of(root_mfn()).words[0]);
        expect_equal(copy(page.mfn(), page.mfn(), DOMID_SELF), 0);
        for (const std::uint64_t frame : {other.page(), screen, no_frame}) {
            expect_equal(copy(page.mfn(), frame, DOMID_SELF), -XEN_EINVAL);
            expect_equal(copy(frame, page.mfn(), DOMID_SELF), -XEN_EINVAL);
        }
        other.write(SmallDomain::data, 3, 33);
        expect_equal(copy(other.page(), other.frames[SmallDomain::data], other.id), 0);
        expect_equal(other.read(SmallDomain::spare, 3), 33);
    }},
    {"mmuext_op", "a domain without privileges acts for itself, has no caches to flush, and no attributes to set", [] {
        const Twin twin(twin_asks);
        if (!expect_equal(twin.trouble, 0)) return;
        expect_equal(twin.start(), 0);
        expect_equal(twin.ended(), SHUTDOWN_poweroff);
        for (std::size_t index = 0; index < twin_wanted.size(); ++index) expect_equal(twin.read(answered[index]), twin_wanted[index]);
        note_answers_of(twin);
        expect_equal(twin.destroy(), 0);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
