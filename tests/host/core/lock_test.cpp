#include "core/lock.hpp"

#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace basalt {
namespace {

enum class Answer { acted, in_use };

struct Count {
    int value = 0;
};
using Outer = TryGuarded<Count, Rank::domain_control>;
using Inner = TryGuarded<Count, Rank::run_end>;

TEST(try_guarded, answers_what_the_action_does) {
    Outer count;
    const int counted = count.try_with([](Count& inside) { return ++inside.value; }, -1);
    EXPECT_EQ(counted, 1);
}

TEST(try_guarded, tells_others_that_it_is_in_use_and_lets_them_in_later) {
    Outer count;
    const auto act = [&] { return count.try_with([](Count&) { return Answer::acted; }, Answer::in_use); };
    const auto by_another = [&] {
        Answer answer{};
        std::thread([&] { answer = act(); }).join();
        return answer;
    };
    EXPECT_EQ(count.try_with([&](Count&) { return by_another(); }, Answer::acted), Answer::in_use);
    EXPECT_EQ(by_another(), Answer::acted);
}

// A CPU that is in there finds itself in the way as it would another: in an interrupt, say.
TEST(try_guarded, tells_whoever_has_it_that_it_is_in_use) {
    Outer count;
    const auto within = [&](Count&) { return count.try_with([](Count&) { return Answer::acted; }, Answer::in_use); };
    EXPECT_EQ(count.try_with(within, Answer::acted), Answer::in_use);
}

TEST(try_guarded, lets_one_in_at_a_time) {
    constexpr int each = 20'000;
    Outer count;
    std::vector<std::thread> threads;
    int acted[2]{};
    for (int& mine : acted)
        threads.emplace_back([&] {
            for (int turn = 0; turn < each; ++turn) mine += count.try_with([](Count& inside) { return ++inside.value, 1; }, 0);
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(count.try_with([](Count& inside) { return inside.value; }, -1), acted[0] + acted[1]);
}

TEST(try_guarded, lets_locks_of_deeper_ranks_be_taken_within) {
    Outer outer;
    Inner inner;
    Guarded<Count, Rank::frames> innermost;
    const auto act = [&](Count&) { return innermost.with([](Count& inside) { return ++inside.value; }); };
    EXPECT_EQ(outer.try_with([&](Count&) { return inner.try_with(act, -1); }, -1), 1);
}

TEST(try_guarded_death, is_not_taken_within_a_lock_of_its_own_or_a_deeper_rank) {
    Outer outer, of_the_same_rank;
    Inner inner;
    Guarded<Count, Rank::frames> innermost;
    const auto tries = [](auto& guarded) { static_cast<void>(guarded.try_with([](Count&) { return 0; }, 0)); };
    EXPECT_DEATH(static_cast<void>(outer.try_with([&](Count&) { return tries(of_the_same_rank), 0; }, 0)), "held");
    EXPECT_DEATH(static_cast<void>(inner.try_with([&](Count&) { return tries(outer), 0; }, 0)), "held");
    EXPECT_DEATH(innermost.with([&](Count&) { tries(outer); }), "held");
}

}  // namespace
}  // namespace basalt
