// The FIFO layout: a word for each port in pages of the guest, which are linked into queues, sixteen for each vcpu.
//
// Everything in those pages is the guest's to write at any time. What it does to them can lose its own events; it can
// not make Basalt loop or touch anything else: each link is followed by at most one step, and only to a port number.
#pragma once

#include <array>
#include <atomic>

#include "abi/event_channel.hpp"
#include "events/event_channels.hpp"

namespace basalt::events {

struct FifoArray {
    static constexpr std::size_t words_in_page = page_size / sizeof(event_word_t);
    static constexpr std::size_t most_pages = fifo_ports / words_in_page;

    std::array<std::atomic<event_word_t*>, most_pages> words{};   // found without a lock
    std::array<SharedPage, most_pages> pages{};
    std::size_t count = 0;                                        // under the table's lock

    // Null: the guest has given no page for it yet, or there is no such port.
    event_word_t* word(std::uint32_t port) const {
        if (port >= fifo_ports) return nullptr;
        auto* const page = words[port / words_in_page].load(std::memory_order_acquire);
        return page ? page + port % words_in_page : nullptr;
    }
};
static_assert(sizeof(FifoArray) <= page_size);

class Fifo {
public:
    Fifo(EventChannels& domain, FifoArray& array) : domain_(domain), array_(array) {}

    // True if the port was not pending before.
    bool raise(PortRecord& record, Port port) const;
    void unmask(PortRecord& record, Port port) const;
    void clear(PortRecord& record, Port port) const;
    bool is_pending(Port port) const;
    // The guest has not taken it out of its queue yet, so its port must not be used anew.
    bool is_linked(Port port) const;

    // Pending, though there is no page to say so: said when the page comes.
    static void set_unseen(PortRecord& record, bool unseen);

    // The control block and queues of each vcpu start anew.
    static void forget_queues(EventChannels& domain);
    static bool has_control(VcpuEvents& vcpu);
    static void place_control(VcpuEvents& vcpu, SharedPage page, std::uint32_t offset);

private:
    struct Raised {
        bool moved = false;      // it is on another queue than was thought: nothing was done
        bool newly = false;      // it was not pending before
        bool announce = false;   // its queue was empty: the vcpu has to look
    };
    Raised raise_on(PortRecord& record, Port port, event_word_t& word, VcpuEvents& vcpu, Route to, Route last) const;
    bool link(FifoQueues& queues, std::uint8_t priority, Port port) const;

    EventChannels& domain_;
    FifoArray& array_;
};

}  // namespace basalt::events
