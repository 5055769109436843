// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Event channels in the FIFO layout: priorities, order, masking, many ports.
#include "kit/case.hpp"
#include "kit/events.hpp"
#include "kit/paging.hpp"
#include "kit/ports.hpp"

#include <atomic>

namespace kit {
namespace {

constexpr unsigned marked_port = 60;
constexpr unsigned words_per_page = page_size / sizeof(event_word_t);
constexpr unsigned pending_bit = 1u << EVTCHN_FIFO_PENDING, masked_bit = 1u << EVTCHN_FIFO_MASKED,
                   linked_bit = 1u << EVTCHN_FIFO_LINKED;

Page* control_page;
evtchn_fifo_control_block_t* control;
Page* array;                     // the event words, two pages
std::array<unsigned, 16> heads;  // where the reader is in each queue
std::array<unsigned, 64> order;  // ports in the order they were seen
unsigned seen_ports;

std::atomic_ref<event_word_t> word_of(unsigned port) {
    return std::atomic_ref{reinterpret_cast<event_word_t*>(array)[port]};
}

// Takes the head of a queue off it; the link to the next is cleared together with the mark of being linked.
unsigned take_head(unsigned queue) {
    if (heads[queue] == 0) heads[queue] = std::atomic_ref{control->head[queue]}.load();
    const unsigned port = heads[queue];
    event_word_t word = word_of(port).load();
    while (!word_of(port).compare_exchange_weak(word, word & ~(linked_bit | EVTCHN_FIFO_LINK_MASK))) {}
    heads[queue] = word & EVTCHN_FIFO_LINK_MASK;
    return port;
}

// A queue ends at the event that links to none: the control block's head is old by then.
void read_queue(unsigned queue) {
    do {
        const unsigned port = take_head(queue);
        if ((word_of(port).load() & (pending_bit | masked_bit)) != pending_bit) continue;
        word_of(port).fetch_and(~pending_bit);
        if (seen_ports < order.size()) order[seen_ports++] = port;
    } while (heads[queue] != 0);
}

void read_events() {
    unsigned ready = std::atomic_ref{control->ready}.exchange(0);
    while (ready != 0) {
        const unsigned queue = static_cast<unsigned>(__builtin_ctz(ready));
        read_queue(queue);
        ready &= ~(1u << queue);
        ready |= std::atomic_ref{control->ready}.exchange(0);
    }
}

unsigned take_events_in() {
    seen_ports = 0;
    let_events_in();
    return seen_ports;
}

Status expand(std::uint64_t frame) {
    evtchn_expand_array_t request{frame};
    return call<rows::event_channel_op, EVTCHNOP_expand_array>(request);
}
Status init_control(std::uint64_t frame, unsigned offset, unsigned vcpu = 0) {
    evtchn_init_control_t request{};
    request.control_gfn = frame;
    request.offset = offset;
    request.vcpu = vcpu;
    const Status status = call<rows::event_channel_op, EVTCHNOP_init_control>(request);
    if (status == 0) expect_equal(request.link_bits, EVTCHN_FIFO_LINK_BITS);
    return status;
}
Status set_priority(unsigned port, unsigned priority) {
    evtchn_set_priority_t request{port, priority};
    return call<rows::event_channel_op, EVTCHNOP_set_priority>(request);
}

constexpr auto table = std::to_array<Case>({
    {"event_channel_op.expand_array", "is refused before the control block is there", [] {
        expect_equal(expand(fresh_page().mfn()), -XEN_EOPNOTSUPP);
    }},
    {"event_channel_op.init_control", "refuses bad places, frames and vcpus", [] {
        control_page = &fresh_page();
        expect_equal(init_control(control_page->mfn(), 4), -XEN_EINVAL);
        expect_equal(init_control(control_page->mfn(), page_size - 8), -XEN_EINVAL);
        expect_equal(init_control(0xffffffffff, 0), -XEN_EINVAL);
        expect_equal(init_control(root_mfn(), 0), -XEN_EINVAL);
        expect_equal(init_control(control_page->mfn(), 0, 7), -XEN_ENOENT);
    }},
    {"event_channel_op.init_control", "changes the layout, once; a free port may be marked pending before", [] {
        expect_equal(close(port_of(bind_ipi())), 0);       // there are records of ports now
        std::atomic_ref{shared->evtchn_pending[0]}.fetch_or(1ul << marked_port);
        control = reinterpret_cast<evtchn_fifo_control_block_t*>(control_page->address() + 64);
        expect_equal(init_control(control_page->mfn(), 64), 0);
        expect_equal(init_control(control_page->mfn(), 64), -XEN_EINVAL);
        expect_audit_agrees();
        set_event_reader(read_events);
    }},
    {"event_channel_op.expand_array", "adds a page of event words, refuses what is no page of ours", [] {
        const auto pages = fresh_pages(2);
        array = pages.data();
        expect_equal(expand(0xffffffffff), -XEN_EINVAL);
        expect_equal(expand(root_mfn()), -XEN_EINVAL);
        word_of(marked_port).store(masked_bit);
        expect_equal(expand(pages[0].mfn()), 0);
        expect_equal(word_of(marked_port).exchange(0), masked_bit | pending_bit);     // and is told in the new layout too
        expect_audit_agrees();
        expect_equal(make_read_only(pages[0]), 0);       // only the frame is the hypervisor's business
        expect_equal(make_writable(pages[0]), 0);
    }},
    {"event_channel_op.send", "an event is queued once, and seen", [] {
        const unsigned port = port_of(bind_ipi());
        expect_equal(unmask(port), 0);
        expect_equal(send(port), 0);
        expect_equal(send(port), 0);
        expect_equal(word_of(port).load() & (pending_bit | linked_bit), pending_bit | linked_bit);
        expect_equal(control->head[EVTCHN_FIFO_PRIORITY_DEFAULT], port);
        expect_equal(take_events_in(), 1);
        expect_equal(order[0], port);
        expect_equal(word_of(port).load() & (pending_bit | linked_bit), 0);
        expect_equal(close(port), 0);
    }},
    {"event_channel_op.send", "events of one priority come in the order they were sent", [] {
        std::array<unsigned, 8> ports;
        for (unsigned& port : ports) {
            port = port_of(bind_ipi());
            unmask(port);
        }
        for (unsigned i : {3u, 0u, 7u, 1u, 6u, 2u, 5u, 4u}) send(ports[i]);
        expect_equal(take_events_in(), 8);
        const unsigned expected[] = {3, 0, 7, 1, 6, 2, 5, 4};
        for (unsigned i = 0; i < 8; ++i) expect_equal(order[i], ports[expected[i]]);
        for (unsigned port : ports) expect_equal(close(port), 0);
    }},
    {"event_channel_op.set_priority", "a higher priority is seen first", [] {
        const unsigned low = port_of(bind_ipi()), usual = port_of(bind_ipi()), high = port_of(bind_ipi());
        for (unsigned port : {low, usual, high}) unmask(port);
        expect_equal(set_priority(low, EVTCHN_FIFO_PRIORITY_MIN), 0);
        expect_equal(set_priority(high, EVTCHN_FIFO_PRIORITY_MAX), 0);
        for (unsigned port : {low, usual, high}) send(port);
        expect_equal(control->ready >> EVTCHN_FIFO_PRIORITY_MAX & 1, 1);
        expect_equal(take_events_in(), 3);
        expect_equal(order[0], high);
        expect_equal(order[1], usual);
        expect_equal(order[2], low);
        for (unsigned port : {low, usual, high}) expect_equal(close(port), 0);
    }},
    {"event_channel_op.set_priority", "refuses priorities and ports that do not exist", [] {
        const unsigned port = port_of(bind_ipi());
        expect_equal(set_priority(port, EVTCHN_FIFO_PRIORITY_MIN + 1), -XEN_EINVAL);
        expect_equal(set_priority(1u << 20, 0), -XEN_EINVAL);
        expect_equal(close(port), 0);
    }},
    {"event_channel_op.unmask", "a masked event waits, and is queued by unmask", [] {
        const unsigned port = port_of(bind_ipi());
        word_of(port).fetch_or(masked_bit);
        expect_equal(send(port), 0);
        expect_equal(word_of(port).load() & (pending_bit | linked_bit), pending_bit);
        expect_equal(take_events_in(), 0);
        expect_equal(unmask(port), 0);
        expect_equal(take_events_in(), 1);
        expect_equal(order[0], port);
        expect_equal(close(port), 0);
    }},
    {"event_channel_op.close", "takes back what was pending, the queue goes on", [] {
        const unsigned one = port_of(bind_ipi()), two = port_of(bind_ipi());
        unmask(one);
        unmask(two);
        send(one);
        send(two);
        expect_equal(close(one), 0);
        expect_equal(take_events_in(), 1);
        expect_equal(order[0], two);
        expect_equal(close(two), 0);
    }},
    {"event_channel_op.expand_array", "a second page carries the ports beyond the first", [] {
        evtchn_alloc_unbound_t request{DOMID_SELF, DOMID_SELF, 0};
        while (request.port < words_per_page - 1)
            if (!expect_equal(call<rows::event_channel_op, EVTCHNOP_alloc_unbound>(request), 0)) return;
        expect_equal(expand(array[1].mfn()), 0);
        const unsigned beyond = port_of(bind_ipi());
        expect_equal(beyond, words_per_page);
        unmask(beyond);
        send(beyond);
        expect_equal(take_events_in(), 1);
        expect_equal(order[0], beyond);
    }},
    {"event_channel_op.expand_array", "128 pages are all there may be", [] {
        for (unsigned page = 2; page < EVTCHN_FIFO_NR_CHANNELS / words_per_page; ++page)
            if (!expect_equal(expand(fresh_page().mfn()), 0)) return;
        expect_equal(expand(fresh_page().mfn()), -XEN_ENOSPC);
    }},
    {"event_channel_op.reset", "brings the 2-level layout back", [] {
        evtchn_reset_t request{DOMID_SELF};
        expect_equal(call<rows::event_channel_op, EVTCHNOP_reset>(request), 0);
        set_event_reader(nullptr);
        const unsigned port = port_of(bind_ipi());
        seen.port[port] = 0;
        send(port);
        let_events_in();
        expect_equal(seen.port[port].load(), 1);
        expect_equal(close(port), 0);
    }},
    {"event_channel_op", "bad addresses", [] {
        for (int command : {EVTCHNOP_init_control, EVTCHNOP_expand_array, EVTCHNOP_set_priority})
            expect_equal(untyped::event_channel_op(command, nowhere), -XEN_EFAULT);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
