#include "events.hpp"

#include "hypercall.hpp"

namespace kit {

Seen seen;

namespace {

void (*event_reader)();

template <class Number>
std::atomic_ref<Number> shared_word(Number& word) {
    return std::atomic_ref<Number>{word};
}

std::uint64_t bit(unsigned port) { return 1ull << port % 64; }

void scan(unsigned word) {
    auto& pending_word = shared->evtchn_pending[word];
    std::uint64_t found = pending_word & ~shared->evtchn_mask[word];
    shared_word(pending_word).fetch_and(~found);
    for (unsigned i = 0; i < 64; ++i)
        if (found >> i & 1) ++seen.port[word * 64 + i];
}

}

void set_event_reader(void (*reader)()) { event_reader = reader; }

void take_events() {
    ++seen.upcalls;
    auto& info = vcpu_info();
    info.evtchn_upcall_pending = 0;
    if (event_reader) return event_reader();
    const std::uint64_t words = shared_word(info.evtchn_pending_sel).exchange(0);
    for (unsigned word = 0; word < 64; ++word)
        if (words >> word & 1) scan(word);
}

void allow_events(bool allowed) {
    auto& info = vcpu_info();
    shared_word(info.evtchn_upcall_mask).store(allowed ? 0 : 1);
    // Clearing the mask delivers nothing by itself; the way back from any hypercall does.
    if (allowed && shared_word(info.evtchn_upcall_pending).load() != 0) call<rows::xen_version, XENVER_version>();
}

void let_events_in() {
    allow_events(true);
    allow_events(false);
}

bool pending(unsigned port) { return shared->evtchn_pending[port / 64] & bit(port); }
bool masked(unsigned port) { return shared->evtchn_mask[port / 64] & bit(port); }
void mask(unsigned port, bool on) {
    auto word = shared_word(shared->evtchn_mask[port / 64]);
    if (on)
        word.fetch_or(bit(port));
    else
        word.fetch_and(~bit(port));
}

}
