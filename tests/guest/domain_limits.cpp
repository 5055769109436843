// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// What tools may say about a domain that is there: its vcpus, memory, name, word size, nodes, share, pauses.
#include "kit/case.hpp"
#include "kit/paging.hpp"
#include "kit/small_domain.hpp"

namespace kit {
namespace {

Status set_vcpus(unsigned domain, unsigned count) {
    xen_domctl_t request{};
    request.u.max_vcpus.max = count;
    return domctl(XEN_DOMCTL_max_vcpus, domain, request);
}

Status set_memory(std::uint64_t kib) {
    xen_domctl_t request{};
    request.u.max_mem.max_memkb = kib;
    return domctl(XEN_DOMCTL_max_mem, idle_domain().id, request);
}

Status set_word_size(unsigned domain, unsigned bits) {
    xen_domctl_t request{};
    request.u.address_size.size = bits;
    return domctl(XEN_DOMCTL_set_address_size, domain, request);
}

Status nodes(unsigned command, unsigned bits, Word map) {
    xen_domctl_t request{};
    request.u.nodeaffinity.nodemap.nr_bits = bits;
    request.u.nodeaffinity.nodemap.bitmap.p = reinterpret_cast<std::uint8_t*>(map.value);
    return domctl(command, idle_domain().id, request);
}

Status write_hypercall_page(std::uint64_t frame) {
    xen_domctl_t request{};
    request.u.hypercall_init.gmfn = frame;
    return domctl(XEN_DOMCTL_hypercall_init, idle_domain().id, request);
}

struct Share {
    unsigned weight, cap;
};
Status scheduling(unsigned command, Share& share, unsigned scheduler = XEN_SCHEDULER_CREDIT2) {
    xen_domctl_t request{};
    auto& wish = request.u.scheduler_op;
    wish.sched_id = scheduler;
    wish.cmd = command;
    wish.u.credit2 = {static_cast<std::uint16_t>(share.weight), static_cast<std::uint16_t>(share.cap)};
    const Status status = domctl(XEN_DOMCTL_scheduler_op, idle_domain().id, request);
    share = {wish.u.credit2.weight, wish.u.credit2.cap};
    return status;
}
constexpr unsigned writes = XEN_DOMCTL_SCHEDOP_putinfo, reads = XEN_DOMCTL_SCHEDOP_getinfo;

Share share_now() {
    Share share{};
    expect_equal(scheduling(reads, share), 0);
    return share;
}

constexpr auto table = std::to_array<Case>({
    {"domctl.max_vcpus", "makes as many as createdomain said, and is not for the caller", [] {
        for (const unsigned count : {0u, 2u, ~0u}) expect_equal(set_vcpus(idle_domain().id, count), -XEN_EINVAL);
        expect_equal(set_vcpus(idle_domain().id, 1), 0);
        xen_domctl_t request{};
        request.u.createdomain = {.max_vcpus = 3, .max_evtchn_port = 10, .max_grant_frames = 1, .grant_opts = 1};
        expect_equal(domctl(XEN_DOMCTL_createdomain, 0, request), 0);
        const OtherDomain three{.id = request.domain};
        expect_equal(three.info().max_vcpu_id, XEN_INVALID_MAX_VCPU_ID);
        for (const unsigned count : {1u, 2u, 4u}) expect_equal(set_vcpus(three.id, count), -XEN_EINVAL);
        expect_equal(set_vcpus(three.id, 3), 0);
        expect_equal(three.info().max_vcpu_id, 2);
        expect_equal(three.info().nr_online_vcpus, 0);
        expect_equal(three.destroy(), 0);
    }},
    {"domctl.max_mem", "counts frames, and takes any number", [] {
        for (const auto [kib, frames] : {std::pair<std::uint64_t, std::uint64_t>{0, 0}, {3, 0}, {4, 1}, {7, 1}, {1ull << 34, 0xffff'ffff}, {~0ull, 0xffff'ffff}}) {
            expect_equal(set_memory(kib), 0);
            expect_equal(idle_domain().info().max_pages, frames);
        }
        expect_equal(idle_domain().info().tot_pages, std::size_t{SmallDomain::count});      // what it has it keeps
    }},
    {"domctl.setdomainhandle", "tools name the domain", [] {
        xen_domctl_t request{};
        for (unsigned i = 0; i < 16; ++i) request.u.setdomainhandle.handle[i] = static_cast<std::uint8_t>(0xf0 + i);
        expect_equal(domctl(XEN_DOMCTL_setdomainhandle, idle_domain().id, request), 0);
        const auto info = idle_domain().info();
        for (unsigned i = 0; i < 16; ++i) expect_equal(info.handle[i], 0xf0 + i);
    }},
    {"domctl.set_address_size", "64 bits and no others", [] {
        expect_equal(set_word_size(idle_domain().id, 64), 0);
        expect_equal(set_word_size(0, 64), 0);
        expect_equal(set_word_size(idle_domain().id, 32), -XEN_EOPNOTSUPP);
        for (const unsigned bits : {0u, 63u, 65u}) expect_equal(set_word_size(idle_domain().id, bits), -XEN_EINVAL);
    }},
    {"domctl.get_address_size", "is 64", [] {
        xen_domctl_t request{};
        expect_equal(domctl(XEN_DOMCTL_get_address_size, idle_domain().id, request), 0);
        expect_equal(request.u.address_size.size, 64);
    }},
    {"domctl.getnodeaffinity", "is node 0, as far as the map goes", [] {
        static std::array<std::uint8_t, 20> map;
        for (const unsigned bits : {0u, 1u, 8u, 9u, 128u}) {
            map.fill(0xaa);
            expect_equal(nodes(XEN_DOMCTL_getnodeaffinity, bits, map.data()), 0);
            expect_equal(map[0], bits == 0 ? 0xaa : 1);
            for (unsigned byte = 1; byte < map.size(); ++byte) expect_equal(map[byte], byte * 8 < bits ? 0 : 0xaa);
        }
        expect_equal(nodes(XEN_DOMCTL_getnodeaffinity, 8, nowhere), -XEN_EFAULT);
        expect_equal(nodes(XEN_DOMCTL_getnodeaffinity, 0, nowhere), 0);
    }},
    {"domctl.setnodeaffinity", "takes sets with node 0", [] {
        for (const std::uint64_t set : {1ull, 3ull, ~0ull}) expect_equal(nodes(XEN_DOMCTL_setnodeaffinity, 64, &set), 0);
        for (const std::uint64_t set : {0ull, 2ull, ~1ull}) expect_equal(nodes(XEN_DOMCTL_setnodeaffinity, 64, &set), -XEN_EINVAL);
        const std::uint64_t all = ~0ull;
        expect_equal(nodes(XEN_DOMCTL_setnodeaffinity, 0, &all), -XEN_EINVAL);
        expect_equal(nodes(XEN_DOMCTL_setnodeaffinity, 8, nowhere), -XEN_EFAULT);
    }},
    {"domctl.hypercall_init", "writes code into a frame of the domain's", [] {
        expect_equal(write_hypercall_page(idle_domain().frames[SmallDomain::spare]), 0);
        const auto first = idle_domain().read(SmallDomain::spare, 4);      // the second entry: mov $1, %eax behind what it keeps
        expect(first != 0);
    }},
    {"domctl.hypercall_init", "refuses page tables, and frames that are not the domain's", [] {
        for (const auto frame : {SmallDomain::level1, SmallDomain::level4})
            expect_equal(write_hypercall_page(idle_domain().frames[frame]), -XEN_EPERM);
        for (const std::uint64_t frame : {fresh_page().mfn(), root_mfn(), std::uint64_t{0xff'ffff'ffff}, ~std::uint64_t{0}})
            expect_equal(write_hypercall_page(frame), -XEN_EINVAL);
    }},
    {"domctl.scheduler_op", "a domain weighs 256, without a limit, until somebody says more", [] {
        expect_equal(share_now().weight, 256);
        expect_equal(share_now().cap, 0);
        for (const Share wish : {Share{1, 1}, {65535, 100}, {256, 0}}) {
            Share share = wish;
            expect_equal(scheduling(writes, share), 0);
            expect_equal(share_now().weight, wish.weight);
            expect_equal(share_now().cap, wish.cap);
        }
        Share share{0, 50};
        expect_equal(scheduling(writes, share), 0);
        expect_equal(share_now().weight, 256);      // 0 leaves it
        expect_equal(share_now().cap, 50);
    }},
    {"domctl.scheduler_op", "refuses other schedulers and commands, and more than all of its vcpus' CPUs", [] {
        for (const unsigned command : {2u, 3u, 4u, ~0u}) {
            Share share{};
            expect_equal(scheduling(command, share), -XEN_EINVAL);
        }
        for (const unsigned command : {reads, writes}) {
            Share share{};
            expect_equal(scheduling(command, share, XEN_SCHEDULER_CREDIT), -XEN_EINVAL);
        }
        for (const unsigned cap : {101u, 65535u}) {
            Share share{0, cap};
            expect_equal(scheduling(writes, share), -XEN_EINVAL);
        }
    }},
    {"domctl.pausedomain", "is counted, to 255", [] {
        for (unsigned paused = 1; paused < 255; ++paused)      // it was born paused
            if (!expect_equal(domctl(XEN_DOMCTL_pausedomain, idle_domain().id), 0)) return;
        expect_equal(domctl(XEN_DOMCTL_pausedomain, idle_domain().id), -XEN_EOVERFLOW);
        for (unsigned paused = 255; paused > 1; --paused)
            if (!expect_equal(domctl(XEN_DOMCTL_unpausedomain, idle_domain().id), 0)) return;
        expect((idle_domain().info().flags & XEN_DOMINF_paused) != 0);
    }},
    {"domctl.resumedomain", "is nothing to a domain that has not shut down", [] {
        expect_equal(domctl(XEN_DOMCTL_resumedomain, idle_domain().id), 0);
        expect((idle_domain().info().flags & XEN_DOMINF_paused) != 0);
    }},
    {"domctl", "nothing more is said to a dying domain", [] {
        Page& window = fresh_page();
        expect_equal(map_foreign(window, idle_domain().id, idle_domain().frames[SmallDomain::data], kernel_page), 0);
        expect_equal(idle_domain().destroy(), 0);
        expect_equal(idle_domain().destroy(), 0);             // it is dying already
        expect((idle_domain().info().flags & XEN_DOMINF_dying) != 0);
        if (!on_stock_xen()) expect_equal(set_memory(4), -XEN_ESRCH);      // stock Xen still answers
        expect_equal(mmu_update(slot_of(&window).machine(), 0), 0);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
