#include "events/two_level.hpp"

#include "events/guest_bits.hpp"

namespace basalt::events {

// True if this made the vcpu have something to look at. A vcpu without a vcpu_info gets one marked all pending.
bool TwoLevel::select(unsigned word, VcpuEvents& vcpu) {
    auto* const info = vcpu.info();
    return info && !set_bit(info->evtchn_pending_sel, word);
}

bool TwoLevel::raise(Port port, VcpuEvents& vcpu) const {
    if (!shared_ || port.raw >= two_level_ports) return false;
    const auto word = port.raw / bits;
    const auto bit = port.raw % bits;
    if (set_bit(shared_->evtchn_pending[word], bit)) return false;
    if (!has_bit(shared_->evtchn_mask[word], bit) && select(word, vcpu)) vcpu.mark_pending();
    return true;
}

void TwoLevel::unmask(Port port, VcpuEvents& vcpu) const {
    if (!shared_ || port.raw >= two_level_ports) return;
    const auto word = port.raw / bits;
    const auto bit = port.raw % bits;
    if (clear_bit(shared_->evtchn_mask[word], bit) && has_bit(shared_->evtchn_pending[word], bit) && select(word, vcpu))
        vcpu.mark_pending();
}

void TwoLevel::clear(Port port) const {
    if (shared_ && port.raw < two_level_ports) clear_bit(shared_->evtchn_pending[port.raw / bits], port.raw % bits);
}

bool TwoLevel::is_pending(Port port) const {
    return shared_ && port.raw < two_level_ports && has_bit(shared_->evtchn_pending[port.raw / bits], port.raw % bits);
}

}  // namespace basalt::events
