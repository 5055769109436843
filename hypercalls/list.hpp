// Requests in guest memory, done in order: where the first lies and how many there are, in two argument registers that tell
// what is left when the call is made again.
#pragma once

#include <algorithm>

#include "hypercalls/call.hpp"
#include "hypercalls/list_start.hpp"
#include "domain/pause.hpp"

namespace basalt::hypercalls {

template <typename Request>
class List {
public:
    List(Kept<GuestPointer<Request>> first, Kept<std::uint32_t> count, std::uint32_t count_mask = ~std::uint32_t{0})
        : first_(first), count_(count), next_(first.value()), left_(count.value() & count_mask) {}

    GuestPointer<Request> next() const { return next_; }
    std::uint32_t left() const { return left_; }

    Result<> check_start() const { return check_list_start(next_.address()); }

    // act(next, count), of so many at once, until all are done, one is not, or pause() says that others should have their
    // turn before the rest.
    template <typename Act, typename Pause>
    Step<> in_order(std::uint32_t at_once, Act act, Pause pause) {
        while (left_ != 0) {
            const std::uint32_t count = std::min(left_, at_once);
            const Step<> step = act(next_, count);
            if (!step.done()) return step.again() != nullptr ? go_on_later() : step;
            next_ = next_ + count;
            left_ -= count;
            if (left_ != 0 && pause()) return go_on_later();
        }
        return std::monostate{};
    }

private:
    Step<> go_on_later() const {
        first_.keep(next_);
        count_.keep(left_);
        return Again{};
    }

    Kept<GuestPointer<Request>> first_;
    Kept<std::uint32_t> count_;
    GuestPointer<Request> next_;
    std::uint32_t left_;
};

template <typename Request>
struct Parameter<List<Request>> {
    static constexpr std::size_t words = 2;
    static List<Request> at(Call call, std::size_t first) {
        return {Parameter<Kept<GuestPointer<Request>>>::at(call, first), Parameter<Kept<std::uint32_t>>::at(call, first + 1)};
    }
};

}  // namespace basalt::hypercalls
