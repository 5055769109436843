// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// The bounds of what a domain may ask of its memory, and what is done of a request that ends half-way.
#include "kit/case.hpp"
#include "kit/reservation.hpp"
#include "kit/small_domain.hpp"
#include "kit/twin.hpp"

namespace kit {
namespace {

// Unmapped, not canonical, the hypervisor's.

xen_pfn_t* at(std::uint64_t address) { return reinterpret_cast<xen_pfn_t*>(address); }
std::span<xen_pfn_t> list_at(std::uint64_t address, std::size_t count = 1) { return {at(address), count}; }

// One word in a page that cannot be written.
std::span<xen_pfn_t> read_only_list(xen_pfn_t word) {
    Page& page = fresh_page();
    page.words[0] = word;
    make_read_only(page);
    return list_at(page.address());
}

struct Reserved : SmallDomain {
    Reserved() : SmallDomain(endless_loop) { expect_equal(trouble, 0); }
    ~Reserved() { expect_equal(destroy(), 0); }
};

Status set_most(unsigned domain, std::uint64_t frames) {
    xen_domctl_t request{};
    request.u.max_mem.max_memkb = frames * 4;
    return domctl(XEN_DOMCTL_max_mem, domain, request);
}

// What a twin was answered.
std::array<volatile std::uint64_t, 8> answered;

void twin_asks() {
    start_memory(start);
    start_traps();
    std::size_t next = 0;
    const auto note = [&](Status status) { answered[next++] = static_cast<std::uint64_t>(status); };
    std::array<xen_pfn_t, 1> frames{};
    for (const unsigned command : {XENMEM_increase_reservation, XENMEM_populate_physmap, XENMEM_decrease_reservation})
        note(reservation(command, frames, 0, 0, 0));                     // Dom0's
    Exchange exchange(frames, 10, frames, 10);
    note(exchange.run());
    exchange.request.in.extent_order = exchange.request.out.extent_order = 9;
    note(exchange.run());
    exchange.request.in.domid = exchange.request.out.domid = 0;
    note(exchange.run());
    sched_shutdown_t poweroff{SHUTDOWN_poweroff};
    for (;;) call<rows::sched_op, SCHEDOP_shutdown>(poweroff);
}

constexpr auto table = std::to_array<Case>({
    {"memory_op.increase_reservation", "0 extents are done of none, and of more than can be counted", [] {
        std::array<xen_pfn_t, 1> frames{};
        const Status before = pages_of(XENMEM_current_reservation);
        auto request = reservation_of(frames);
        for (const std::uint64_t count : {0ull, 1ull << 26, 1ull << 58, ~0ull}) {
            request.nr_extents = count;
            for (const unsigned command : {XENMEM_increase_reservation, XENMEM_decrease_reservation, XENMEM_populate_physmap})
                expect_equal(untyped::memory_op(command, &request), 0);
        }
        expect_equal(pages_of(XENMEM_current_reservation), before);
    }},
    {"memory_op.increase_reservation", "an extent has up to 2^12 frames, contiguous and its size aligned", [] {
        for (const unsigned order : {0u, 9u, 12u}) {
            std::array<xen_pfn_t, 1> frames{};
            const Status before = pages_of(XENMEM_current_reservation);
            expect_equal(reservation(XENMEM_increase_reservation, frames, order), 1);
            expect_equal(pages_of(XENMEM_current_reservation), before + (1 << order));
            expect_equal(frames[0] % (1u << order), 0);
            expect_equal(reservation(XENMEM_decrease_reservation, frames, order), 1);
            expect_equal(pages_of(XENMEM_current_reservation), before);
        }
        std::array<xen_pfn_t, 1> frames{};
        for (const unsigned order : {19u, 64u, ~0u}) expect_equal(reservation(XENMEM_increase_reservation, frames, order), 0);
    }},
    {"memory_op.increase_reservation", "a list too long for one go is done once, extent by extent", [] {
        static std::array<xen_pfn_t, 200> frames;
        const Status before = pages_of(XENMEM_current_reservation);
        const Status count = frames.size();
        expect_equal(reservation(XENMEM_increase_reservation, frames), count);
        expect_equal(pages_of(XENMEM_current_reservation), before + count);
        expect_equal(reservation(XENMEM_decrease_reservation, frames), count);
        expect_equal(pages_of(XENMEM_current_reservation), before);
    }},
    {"memory_op.increase_reservation", "none of 2^13 frames is done", [] {
        if (on_stock_xen()) return skip("stock Xen takes orders to 18 and cleans them in one go; Basalt does no more than 16 MiB");
        std::array<xen_pfn_t, 1> frames{};
        expect_equal(reservation(XENMEM_increase_reservation, frames, 13), 0);
    }},
    {"memory_op.increase_reservation", "what is asked for low lies low, and nothing lies below 2^13", [] {
        for (const unsigned bits : {1u, 12u, 13u}) {
            std::array<xen_pfn_t, 1> frames{};
            expect_equal(reservation(XENMEM_increase_reservation, frames, 0, XENMEMF_address_bits(bits)), 0);
            frames[0] = pfn_of(&fresh_page());
            expect_equal(reservation(XENMEM_populate_physmap, frames, 0, XENMEMF_address_bits(bits)), 0);
        }
        std::array<xen_pfn_t, 1> frames{};
        expect_equal(reservation(XENMEM_increase_reservation, frames, 0, XENMEMF_address_bits(27)), 1);
        expect(frames[0] < 1u << 15);
        expect_equal(reservation(XENMEM_decrease_reservation, frames), 1);
    }},
    {"memory_op.increase_reservation", "the numbers need not be told; where they cannot be, the call ends", [] {
        const Status before = pages_of(XENMEM_current_reservation);
        expect_equal(reservation(XENMEM_increase_reservation, list_at(0)), 1);
        expect_equal(pages_of(XENMEM_current_reservation), before + 1);
        for (const std::uint64_t address : unreachable)
            expect_equal(reservation(XENMEM_increase_reservation, list_at(address, 2)), 0);
        expect_equal(reservation(XENMEM_increase_reservation, read_only_list(0)), 0);
    }},
    {"memory_op.populate_physmap", "a frame whose number cannot be told is the domain's all the same", [] {
        const Status before = pages_of(XENMEM_current_reservation);
        expect_equal(reservation(XENMEM_populate_physmap, read_only_list(pfn_of(&fresh_page()))), 0);
        expect_equal(pages_of(XENMEM_current_reservation), before + 1);
        for (const std::uint64_t address : unreachable)
            expect_equal(reservation(XENMEM_populate_physmap, list_at(address)), 0);
        expect_equal(pages_of(XENMEM_current_reservation), before + 1);
    }},
    {"memory_op.populate_physmap", "a PV guest's places are not populated on demand", [] {
        std::array<xen_pfn_t, 1> frames{pfn_of(&fresh_page())};
        expect_equal(reservation(XENMEM_populate_physmap, frames, 0, XENMEMF_populate_on_demand), 0);
    }},
    {"memory_op.decrease_reservation", "stops where a frame is gone, and leaves the rest", [] {
        const auto pages = fresh_pages(3);
        std::array<xen_pfn_t, 3> frames{unmapped(pages[0]), unmapped(pages[1]), unmapped(pages[2])};
        expect_equal(reservation(XENMEM_decrease_reservation, std::span{frames}.subspan(1, 1)), 1);
        const Status before = pages_of(XENMEM_current_reservation);
        expect_equal(reservation(XENMEM_decrease_reservation, frames), 1);
        expect_equal(pages_of(XENMEM_current_reservation), before - 1);
        attach(pages[2], frames[2]);
    }},
    {"memory_op.decrease_reservation", "only reads the list, which may be read-only", [] {
        expect_equal(reservation(XENMEM_decrease_reservation, read_only_list(unmapped(fresh_page()))), 1);
        for (const std::uint64_t address : unreachable)
            expect_equal(reservation(XENMEM_decrease_reservation, list_at(address)), 0);
    }},
    {"memory_op.decrease_reservation", "refuses frames that do not exist, are devices', or the hypervisor's", [] {
        for (const std::uint64_t frame : {0xb8ul, 0xfee00ul, 0xfffffffffful, ~0ul, mfn_in(Slot{root_mfn(), 261}.value())}) {
            std::array<xen_pfn_t, 1> frames{frame};
            expect_equal(reservation(XENMEM_decrease_reservation, frames), 0);
        }
    }},
    {"memory_op.decrease_reservation", "goes on where the command says that it was left", [] {
        const auto pages = fresh_pages(2);
        std::array<xen_pfn_t, 2> frames{unmapped(pages[0]), unmapped(pages[1])};
        auto request = reservation_of(frames);
        expect_equal(untyped::memory_op(XENMEM_decrease_reservation | 1 << 6, &request), 2);
        attach(pages[0], frames[0]);
        for (const unsigned done : {2u, 3u, 1000u})
            expect_equal(untyped::memory_op(XENMEM_decrease_reservation | done << 6, &request), done);
        expect_equal(untyped::memory_op(XENMEM_decrease_reservation | 5 << 6, nowhere), 5);
    }},
    {"memory_op", "what is not resumed takes no command that says how far it got", [] {
        for (const unsigned command : {XENMEM_exchange, XENMEM_maximum_ram_page, XENMEM_current_reservation, XENMEM_maximum_reservation,
                                       XENMEM_maximum_gpfn, XENMEM_claim_pages})
            expect_equal(untyped::memory_op(command | 1 << 6, nowhere), -XEN_EINVAL);
        for (const unsigned command : {XENMEM_machine_memory_map, XENMEM_memory_map, XENMEM_set_memory_map, XENMEM_machphys_mapping,
                                       XENMEM_machphys_mfn_list, XENMEM_get_sharing_freed_pages, XENMEM_get_sharing_shared_pages})
            expect_equal(untyped::memory_op(command | 1 << 6, nowhere), -XEN_ENOSYS);
    }},
    {"memory_op.populate_physmap", "another domain gets as much as it may have, and can be made to give it back", [] {
        const Reserved other;
        std::array<xen_pfn_t, 2> frames{100, 101};
        expect_equal(reservation(XENMEM_populate_physmap, frames, 0, 0, other.id), 0);
        expect_equal(set_most(other.id, SmallDomain::count + 1), 0);
        expect_equal(reservation(XENMEM_populate_physmap, frames, 0, 0, other.id), 1);
        expect_equal(m2p(frames[0]), 100);
        expect_equal(reservation(XENMEM_increase_reservation, frames, 0, 0, other.id), 0);
        expect_equal(reservation(XENMEM_decrease_reservation, std::span{frames}.first(1)), 0);        // not ours
        expect_equal(reservation(XENMEM_decrease_reservation, std::span{frames}.first(1), 0, 0, other.id), 1);
        expect_equal(other.info().tot_pages, std::size_t{SmallDomain::count});
        for (const unsigned id : {nobody, unsigned{DOMID_IO}, unsigned{DOMID_XEN}})
            expect_equal(reservation(XENMEM_increase_reservation, frames, 0, 0, id), 0);
    }},
    {"memory_op.exchange", "refuses orders, domains and lists that cannot be", [] {
        std::array<xen_pfn_t, 1> in{unmapped(fresh_page())}, out{0};
        expect_equal(Exchange(in, 19, out, 19).run(), -XEN_EPERM);
        expect_equal(Exchange(in, ~0u, out, 0).run(), -XEN_EPERM);
        Exchange exchange(in, 0, out, 0);
        for (const unsigned id : {nobody, unsigned{DOMID_IO}, unsigned{DOMID_XEN}}) {
            exchange.request.in.domid = exchange.request.out.domid = static_cast<domid_t>(id);
            expect_equal(exchange.run(), -XEN_ESRCH);
        }
        for (const std::uint64_t address : unreachable) {
            expect_equal(Exchange(list_at(address), 0, out, 0).run(), -XEN_EFAULT);
        }
        Exchange too_many(in, 12, out, 12);
        too_many.request.in.nr_extents = too_many.request.out.nr_extents = 1ull << 52;
        expect_equal(too_many.run(), -XEN_EINVAL);
        expect_equal(Exchange(in, 0, out, 0).run(), 0);         // none of that has taken it
    }},
    {"memory_op.exchange", "the list of what is taken cannot be read or written: on Basalt the domain keeps what it has", [] {
        const auto page = [] { return std::array<xen_pfn_t, 1>{unmapped(fresh_page())}; };
        auto in = page();
        const auto given = [&] { return on_stock_xen() ? in = page() : in; };      // Xen has the old frame by now
        for (const std::uint64_t address : unreachable) {
            in = given();
            expect_equal(Exchange(in, 0, list_at(address), 0).run(), -XEN_EFAULT);
        }
        in = given();
        expect_equal(Exchange(in, 0, read_only_list(1), 0).run(), -XEN_EFAULT);
        std::array<xen_pfn_t, 1> out{0};
        if (!on_stock_xen()) expect_equal(Exchange(in, 0, out, 0).run(), 0);
    }},
    {"memory_op.exchange", "what it could not give is nobody's in the machine's table", [] {
        if (on_stock_xen()) return skip("Basalt's own promise: there the exchange has happened by then");
        constexpr xen_pfn_t first = 0x5a5a0;
        std::array<xen_pfn_t, 2> in{unmapped(fresh_page()), unmapped(fresh_page())};
        expect_equal(Exchange(in, 0, read_only_list(first), 1).run(), -XEN_EFAULT);
        const auto frames = static_cast<std::uint64_t>(call<rows::memory_op, XENMEM_maximum_ram_page>());
        for (std::uint64_t mfn = 0; mfn <= frames; ++mfn)
            if (!expect(m2p(mfn) < first || m2p(mfn) > first + 1)) return;
    }},
    {"memory_op.exchange", "too few address bits for any frame", [] {
        Page& page = fresh_page();
        std::array<xen_pfn_t, 1> in{unmapped(page)}, out{pfn_of(&page)};
        for (const unsigned bits : {1u, 12u, 13u}) expect_equal(Exchange(in, 0, out, 0, bits).run(), -XEN_ENOMEM);
        attach(page, in[0]);
    }},
    {"memory_op.exchange", "goes on from what is said to be done, and at most to the end", [] {
        const auto pages = fresh_pages(2);
        std::array<xen_pfn_t, 2> in{unmapped(pages[0]), unmapped(pages[1])}, out{pfn_of(&pages[0]), pfn_of(&pages[1])};
        Exchange exchange(in, 0, out, 0);
        exchange.request.nr_exchanged = 3;
        expect_equal(exchange.run(), -XEN_EINVAL);
        exchange.request.nr_exchanged = 2;
        expect_equal(exchange.run(), 0);
        exchange.request.nr_exchanged = 1;
        expect_equal(exchange.run(), 0);
        expect_equal(exchange.request.nr_exchanged, 2);
        attach(pages[0], in[0]);
        attach(pages[1], out[1]);
        Exchange none(std::span{in}.first(0), 0, std::span{out}.first(0), 0);
        expect_equal(none.run(), 0);
        none.request.in.domid = none.request.out.domid = nobody;
        expect_equal(none.run(), 0);
    }},
    {"memory_op.exchange", "stops at a frame that is mapped or given twice; those before it are exchanged", [] {
        const auto pages = fresh_pages(3);
        std::array<xen_pfn_t, 3> in{unmapped(pages[0]), pages[1].mfn(), unmapped(pages[2])};
        std::array<xen_pfn_t, 3> out{pfn_of(&pages[0]), pfn_of(&pages[1]), pfn_of(&pages[2])};
        Exchange exchange(in, 0, out, 0);
        expect_equal(exchange.run(), -XEN_EINVAL);
        expect_equal(exchange.request.nr_exchanged, 1);
        attach(pages[0], out[0]);
        attach(pages[2], in[2]);
        std::array<xen_pfn_t, 2> twice{unmapped(pages[2]), in[2]};
        std::array<xen_pfn_t, 1> pair{pfn_of(&pages[2])};
        Exchange whole(twice, 0, pair, 1);
        expect_equal(whole.run(), -XEN_EINVAL);
        expect_equal(whole.request.nr_exchanged, 0);
        attach(pages[2], in[2]);
    }},
    {"memory_op.claim_pages", "frames are set aside until they are taken, or no longer wanted", [] {
        const Reserved other;
        const auto claim = [&](std::uint64_t frames) {
            auto request = reservation_of({}, 0, 0, other.id);
            request.nr_extents = frames;
            return call<rows::memory_op, XENMEM_claim_pages>(request);
        };
        expect_equal(claim(SmallDomain::count), -XEN_EINVAL);            // it has those
        expect_equal(claim(SmallDomain::count + 1), -XEN_EINVAL);        // more than it may have
        expect_equal(set_most(other.id, 1 << 20), 0);
        expect_equal(claim(1 << 19), -XEN_ENOMEM);
        expect_equal(claim(SmallDomain::count + 100), 0);
        expect_equal(claim(SmallDomain::count + 100), -XEN_EINVAL);      // they are set aside already
        expect_equal(claim(0), 0);
        expect_equal(claim(0), 0);
        expect_equal(claim(SmallDomain::count + 1), 0);
        expect_equal(claim(1ull << 32), -XEN_EINVAL);
    }},
    {"memory_op.claim_pages", "what is set aside for one domain is given to no other", [] {
        const Reserved other;
        expect_equal(set_most(other.id, 1 << 20), 0);
        auto request = reservation_of({}, 0, 0, other.id);
        request.nr_extents = SmallDomain::count + (1 << 16);      // nearly all there is, found from above
        Status status = -XEN_ENOMEM;
        for (; status == -XEN_ENOMEM; request.nr_extents -= 16) status = call<rows::memory_op, XENMEM_claim_pages>(request);
        expect_equal(status, 0);
        std::array<xen_pfn_t, 1> frames{};
        expect_equal(reservation(XENMEM_increase_reservation, frames, 5), 0);
        request.nr_extents = 0;
        expect_equal(call<rows::memory_op, XENMEM_claim_pages>(request), 0);
        expect_equal(reservation(XENMEM_increase_reservation, frames, 5), 1);
        expect_equal(reservation(XENMEM_decrease_reservation, frames, 5), 1);
    }},
    {"memory_op.claim_pages", "refuses lists, orders, flags, and domains not named by number", [] {
        std::array<xen_pfn_t, 1> list{};
        expect_equal(reservation(XENMEM_claim_pages, list, 0, 0, 0), -XEN_EINVAL);
        expect_equal(reservation(XENMEM_claim_pages, {}, 1, 0, 0), -XEN_EINVAL);
        expect_equal(reservation(XENMEM_claim_pages, {}, 0, XENMEMF_address_bits(32), 0), -XEN_EINVAL);
        for (const unsigned id : {nobody, unsigned{DOMID_SELF}, unsigned{DOMID_XEN}})
            expect_equal(reservation(XENMEM_claim_pages, {}, 0, 0, id), -XEN_EINVAL);
    }},
    {"memory_op.exchange", "a domain without privileges has its own memory, in extents of up to 2^9 frames", [] {
        const Twin twin(twin_asks);
        if (!expect_equal(twin.trouble, 0)) return;
        expect_equal(twin.start(), 0);
        expect_equal(twin.ended(), SHUTDOWN_poweroff);
        const std::array<Status, 6> wanted{0, 0, 0, -XEN_EPERM, -XEN_EINVAL, -XEN_EPERM};
        for (std::size_t index = 0; index < wanted.size(); ++index) expect_equal(twin.read(answered[index]), wanted[index]);
        note_answers_of(twin);
        expect_equal(twin.destroy(), 0);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
