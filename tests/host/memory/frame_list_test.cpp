// A list through frames' records: what is put in comes out once, whoever does it.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "fakes/memory.hpp"
#include "memory/frame_list.hpp"

namespace basalt {
namespace {

TEST(FrameList, GivesBackWhatWasPutIn) {
    fakes::Memory memory(16);
    FrameList list;
    EXPECT_TRUE(list.empty());
    EXPECT_FALSE(list.take());
    for (unsigned which = 0; which < 3; ++which) list.put(memory.begin() + which);
    EXPECT_FALSE(list.empty());
    for (unsigned which = 3; which-- > 0;) EXPECT_EQ(list.take(), memory.begin() + which);
    EXPECT_TRUE(list.empty());
}

// Frames go in and out again and again, so that one that is first again may have another behind it. In parts: where others want
// the CPUs, each take waits for threads that do not run, and the limit of a test is on its silence.
class FrameListParts : public ::testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(Ten, FrameListParts, ::testing::Range(0U, 10U));

TEST_P(FrameListParts, IsEachFramesOnce) {
    constexpr unsigned frames = 8, threads = 3, rounds = 20'000;
    fakes::Memory memory(frames);
    FrameList list;
    std::vector<std::atomic<int>> owners(frames);
    for (unsigned which = 0; which < frames; ++which) list.put(memory.begin() + which);
    std::atomic<unsigned> twice{0};
    const auto work = [&](unsigned seed) {
        std::vector<Mfn> mine;
        for (unsigned round = 0; round < rounds; ++round) {
            seed = seed * 1664525 + 1013904223;
            if (mine.empty() || (seed >> 16 & 1) != 0) {
                const auto taken = list.take();
                if (!taken) continue;
                twice += owners[*taken - memory.begin()].fetch_add(1) != 0 ? 1 : 0;
                mine.push_back(*taken);
            } else {
                owners[mine.back() - memory.begin()].fetch_sub(1);
                list.put(mine.back());
                mine.pop_back();
            }
        }
        for (const Mfn mfn : mine) {
            owners[mfn - memory.begin()].fetch_sub(1);
            list.put(mfn);
        }
    };
    std::vector<std::thread> running;
    for (unsigned thread = 0; thread < threads; ++thread) running.emplace_back(work, GetParam() * threads + thread + 1);
    for (auto& thread : running) thread.join();
    EXPECT_EQ(twice, 0U);
    unsigned left = 0;
    while (list.take()) ++left;
    EXPECT_EQ(left, frames);
}

}   // namespace
}   // namespace basalt
