#include "events/fifo.hpp"

#include "abi/event_channel.hpp"
#include "events/fifo_link.hpp"
#include "events/guest_bits.hpp"

namespace basalt::events {
namespace {

constexpr auto pending = EVTCHN_FIFO_PENDING;
constexpr auto masked = EVTCHN_FIFO_MASKED;
constexpr auto linked = EVTCHN_FIFO_LINKED;

constexpr Route place_of(Route route) { return {route.vcpu, route.priority, false}; }

}  // namespace

// True if the queue was empty and has been announced just now.
bool Fifo::link(FifoQueues& queues, std::uint8_t priority, Port port) const {
    auto& tail = queues.tail[priority];
    // A tail that is this port itself looks linked because it just became so; its queue is empty.
    auto* const tail_word = tail != 0 && tail != port.raw ? array_.word(tail) : nullptr;
    const bool appended = tail_word && set_link(std::atomic_ref(*tail_word), port);
    if (!appended) std::atomic_ref(queues.control->head[priority]).store(port.raw);
    tail = port.raw;
    return !appended && !set_bit(queues.control->ready, priority);
}

Fifo::Raised Fifo::raise_on(PortRecord& record, Port port, event_word_t& word, VcpuEvents& vcpu, Route to, Route last) const {
    auto* const last_vcpu = domain_.vcpu(last);
    auto& old = last_vcpu ? *last_vcpu : vcpu;
    // Both queues, from marking it pending to linking it: nobody else links this port meanwhile, and a guest that is
    // woken finds the event in its queue.
    return Guarded<FifoQueues, Rank::event_queues>::with_both(
        vcpu.queues_, old.queues_, [&](FifoQueues& queues, FifoQueues& before) {
            if (record.linked.load() != last) return Raised{.moved = true};
            if (last.unseen) record.linked.store(place_of(last));
            Raised outcome{.newly = !set_bit(word, pending)};
            if (has_bit(word, masked) || has_bit(word, linked) || !queues.control) return outcome;
            if (place_of(last) != to) {
                // The queue it leaves is empty if it was its tail; that tail must not be linked to any more.
                if (before.tail[last.priority] == port.raw) before.tail[last.priority] = 0;
                record.linked.store(to);
            }
            if (!set_bit(word, linked)) outcome.announce = link(queues, to.priority, port);
            return outcome;
        });
}

bool Fifo::raise(PortRecord& record, Port port) const {
    auto* word = array_.word(port.raw);
    if (!word) {
        set_unseen(record, true);
        word = array_.word(port.raw);
        if (!word) return true;   // else the page came meanwhile, perhaps without having seen the mark
    }
    for (;;) {
        const auto to = place_of(record.route.load());
        auto* const vcpu = domain_.vcpu(to);
        if (!vcpu) return false;
        const auto outcome = raise_on(record, port, *word, *vcpu, to, record.linked.load());
        if (outcome.moved) continue;   // by another CPU just now
        if (outcome.announce) vcpu->mark_pending();
        return outcome.newly;
    }
}

void Fifo::unmask(PortRecord& record, Port port) const {
    auto* const word = array_.word(port.raw);
    if (!word) return;
    clear_bit(*word, masked);
    if (has_bit(*word, pending)) raise(record, port);
}

void Fifo::clear(PortRecord& record, Port port) const {
    set_unseen(record, false);
    if (auto* const word = array_.word(port.raw)) clear_bit(*word, pending);
}

bool Fifo::is_pending(Port port) const {
    const auto* const word = array_.word(port.raw);
    return word && has_bit(*word, pending);
}

bool Fifo::is_linked(Port port) const {
    const auto* const word = array_.word(port.raw);
    return word && has_bit(*word, linked);
}

void Fifo::set_unseen(PortRecord& record, bool unseen) {
    auto seen = record.linked.load();
    auto next = seen;
    do {
        next = seen;
        next.unseen = unseen;
    } while (!record.linked.compare_exchange_weak(seen, next));
}

void Fifo::forget_queues(EventChannels& domain) {
    for (auto& slot : domain.vcpus_) {
        auto* const vcpu = slot.load(std::memory_order_acquire);
        if (!vcpu) continue;
        const auto page = vcpu->queues_.with([](FifoQueues& queues) {
            queues.control = nullptr;
            queues.tail.fill(0);
            return std::exchange(queues.page, SharedPage());
        });
    }
}

bool Fifo::has_control(VcpuEvents& vcpu) {
    return vcpu.queues_.with([](FifoQueues& queues) { return queues.control != nullptr; });
}

void Fifo::place_control(VcpuEvents& vcpu, SharedPage page, std::uint32_t offset) {
    vcpu.queues_.with([&](FifoQueues& queues) {
        queues.control = reinterpret_cast<evtchn_fifo_control_block*>(page.at() + offset);
        queues.page = std::move(page);
    });
}

}  // namespace basalt::events
