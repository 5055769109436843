// One CPU alone: all others stand where they hold nothing, on their way back to a guest, until this is destroyed.
// They go on answering flush requests.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

namespace basalt {

class Standstill {
public:
    // With no lock held. Nothing: another CPU has the machine stand still, and this one has to on its way to a guest; or,
    // where that is allowed, the vcpu that runs here is to leave first, for somebody who waits for it cannot stand still.
    static std::optional<Standstill> begin(bool may_give_up);
    Standstill(Standstill&& other) noexcept : holds_(std::exchange(other.holds_, false)) {}
    Standstill& operator=(Standstill&&) = delete;
    ~Standstill();

private:
    Standstill() = default;
    bool holds_ = true;
};

// This CPU stands still for as long as another wants that: from settle_work alone, by stand_audited().
void stand_still();

}  // namespace basalt
