// Domains with event channels and the memory they share with Basalt, and what Basalt was asked to do about them.
#pragma once

#include <array>
#include <atomic>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "abi/event_channel.hpp"
#include "abi/xen.hpp"
#include "events/event_channels.hpp"

namespace basalt::events::world {

struct Domain {
    explicit Domain(std::uint16_t number, unsigned vcpu_count = 2);
    ~Domain();

    VcpuEvents& vcpu(unsigned number) { return *vcpus[number]; }
    vcpu_info& info(unsigned number) { return shared.vcpu_info[number]; }
    // The guest's own page number `at`, handed over to Basalt.
    SharedPage page(std::size_t at);
    event_word_t& word(Port port);
    evtchn_fifo_control_block& control(unsigned vcpu);
    void use_fifo(std::size_t array_pages = 1);
    bool pending(Port port);
    void clear_upcalls();

    EventChannels channels;
    shared_info shared{};
    std::vector<std::unique_ptr<VcpuEvents>> vcpus;
    // The guest's pages: control blocks in page 0, 64 bytes... then event words.
    struct alignas(4096) Page {
        std::array<std::byte, 4096> bytes{};
    };
    std::vector<std::unique_ptr<Page>> pages;
    std::array<std::atomic<int>, 4> notified{};
    std::array<std::atomic<int>, 4> woken{};
    // Which vcpus wait, and until when; and what happens just as a wait begins, or when its ports have been looked at.
    std::array<std::atomic<bool>, 4> waits{};
    std::array<std::uint64_t, 4> poll_timeout{};   // 0: none
    std::function<void()> as_wait_begins, as_looking_ends;
    bool nmi_due = false;
    std::map<std::uint32_t, Port> pirqs;
};

Domain& of(EventChannels& channels);

// Pages that the event tables hold, and guest pages that they hold.
extern std::atomic<int> table_pages;
extern std::atomic<int> table_pages_left;   // until there is no memory
extern std::atomic<int> shared_pages;

}  // namespace basalt::events::world
