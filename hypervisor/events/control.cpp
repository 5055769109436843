// The FIFO layout comes into use: control blocks vcpu by vcpu, pages of event words one by one.
#include <new>

#include "abi/event_channel.hpp"
#include "events/event_channels.hpp"
#include "events/fifo.hpp"
#include "events/two_level.hpp"

namespace basalt::events {

Result<> EventChannels::init_control(VcpuId vcpu_id, SharedPage page, std::uint32_t offset) {
    auto* const vcpu = this->vcpu(vcpu_id);
    if (!vcpu) return refuse(Error::no_entry);
    if (offset > page_size - sizeof(evtchn_fifo_control_block) || offset % 8 != 0) return refuse(Error::invalid);
    return ports_.with([&](Ports&) -> Result<> {
        if (Fifo::has_control(*vcpu)) return refuse(Error::invalid);
        if (!fifo_.load(std::memory_order_relaxed)) {
            auto* const array = new (TRY(take_table_page())) FifoArray;
            // What is pending already is said again when the pages come: of free ports too, as on Xen, whose bits are
            // the guest's own. What an earlier use of this layout has left is nothing.
            const TwoLevel before(*this);
            for (Port port{1}; port.raw < two_level_ports; ++port)
                if (auto* const record = table_.find(port)) Fifo::set_unseen(*record, before.is_pending(port));
            fifo_.store(array, std::memory_order_release);
        }
        Fifo::place_control(*vcpu, std::move(page), offset);
        return {};
    });
}

Result<> EventChannels::expand_array(SharedPage page) {
    return ports_.with([&](Ports&) -> Result<> {
        auto* const array = fifo_.load(std::memory_order_relaxed);
        if (!array) return refuse(Error::not_supported);
        if (array->count == FifoArray::most_pages) return refuse(Error::no_space);
        const auto number = array->count++;
        array->words[number].store(reinterpret_cast<event_word_t*>(page.at()), std::memory_order_seq_cst);
        array->pages[number] = std::move(page);
        const Port end(static_cast<std::uint32_t>((number + 1) * FifoArray::words_in_page));
        for (Port port(static_cast<std::uint32_t>(number * FifoArray::words_in_page)); port < end; ++port)
            if (auto* const record = table_.find(port); record && record->linked.load().unseen) raise(*record, port);
        return {};
    });
}

}   // namespace basalt::events
