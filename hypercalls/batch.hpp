// A list of requests that tells how many were done: mmu_update and mmuext_op. The count's top bit says that the call is being
// made again; the number done then already counts those of the passes before.
#pragma once

#include "domain/undoing.hpp"
#include "hypercalls/list.hpp"
#include "paging/budget.hpp"

namespace basalt::hypercalls {

// Beside the tables that are checked for it: a list of 128 plain requests lets others in.
inline constexpr std::int64_t cost_of_request = 16;

template <typename Request>
class Batch {
public:
    Batch(Kept<GuestPointer<Request>> requests, Kept<std::uint32_t> count, GuestPointer<std::uint32_t> done)
        : list_(requests, count, ~resumed_bit), kept_(count), done_(done), all_(list_.left()) {}

    // To be called first: as on Xen, whose pages are meant is looked at after where the list lies. Nobody looks whether the
    // number can be read or written, as on Xen: what was done stays done.
    Result<> begin() {
        if ((kept_.value() & resumed_bit) != 0 && !done_.is_null()) before_ = done_.read().value_or(0);
        return list_.check_start();
    }

    // Writes the number done, and answers. Linux counts on by that number whatever the answer is.
    Step<> end(Step<> step) const {
        if (!done_.is_null()) static_cast<void>(done_.write(before_ + (all_ - list_.left())));
        if (step.again() != nullptr) kept_.keep(kept_.value() | resumed_bit);
        return step;
    }

    // Each by act(request, budget), until all are done, one is refused, or it is time to pause. Tables of this domain's that
    // they set free are settled by what is left of the budget. It is renewed between two requests alone, where interrupts are
    // let in; after the last one, or a refused one, it may be over. Then what is still to be settled stays the vcpu's to do
    // before its guest goes on, a table at a time (domain/undoing.hpp): so no call does more than one budget, one request
    // and one table in one go.
    template <typename Act>
    Step<> in_order(DomainMemory& tables, Act act) {
        paging::Budget budget;
        const auto act_on_one = [&](GuestPointer<Request> place, std::uint32_t) {
            const auto request = place.read();
            const Step<> step = request ? act(*request, budget) : Step<>(refuse(request.error()));
            budget.spend(cost_of_request);
            return step;
        };
        const Step<> step = list_.in_order(1, act_on_one, [&] { return time_to_pause(budget); });
        settle_tables(tables, budget);
        return end(step);
    }

private:
    static constexpr std::uint32_t resumed_bit = std::uint32_t{1} << 31;

    List<Request> list_;
    Kept<std::uint32_t> kept_;
    GuestPointer<std::uint32_t> done_;
    std::uint32_t all_;
    std::uint32_t before_ = 0;
};

template <typename Request>
struct Parameter<Batch<Request>> {
    static constexpr std::size_t words = 3;
    static Batch<Request> at(Call call, std::size_t first) {
        return {Parameter<Kept<GuestPointer<Request>>>::at(call, first), Parameter<Kept<std::uint32_t>>::at(call, first + 1),
                Parameter<GuestPointer<std::uint32_t>>::at(call, first + 2)};
    }
};

}   // namespace basalt::hypercalls
