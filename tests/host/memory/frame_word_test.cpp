// The rules of word 1, over every state that can be reached with a few references and users.
#include <gtest/gtest.h>

#include <queue>
#include <set>
#include <vector>

#include "memory/frame_word.hpp"

using namespace basalt;

namespace {

// What somebody outside holds of the frame, besides what the word itself holds (pin, check at rest).
struct World {
    FrameWord word;
    unsigned references;    // plain ones, allocation's among them
    unsigned uses;          // finished uses, each with its reference
    bool working;           // someone is checking or undoing: one use and one reference
    auto key() const { return std::tuple(word.raw(), references, uses, working); }
};

constexpr Use all_uses[] = {Use::writable, Use::l1_table, Use::l4_table, Use::descriptors};
constexpr unsigned most = 3;

std::vector<World> steps_from(const World& at) {
    std::vector<World> next;
    const auto go = [&](FrameWord word, int references, int uses, bool working) {
        next.push_back(
            {word, at.references + static_cast<unsigned>(references), at.uses + static_cast<unsigned>(uses), working});
    };
    if (const auto word = at.word.take_reference(); word && at.references < most) go(*word, 1, 0, at.working);
    if (at.references > 0) go(at.word.drop_reference(), -1, 0, at.working);
    if (const auto word = at.word.take_writable_at_once(); word) {
        EXPECT_TRUE(word->checked());
        EXPECT_EQ(*word, *at.word.take_both(Use::writable));
    }
    if (const auto word = at.word.take_as_table(); word) {
        EXPECT_TRUE(at.word.checked() && is_table(at.word.use()));
        EXPECT_EQ(*word, *at.word.take_both(at.word.use()));
    }
    for (const Use wanted : all_uses) {
        const auto word = at.word.take_both(wanted);
        if (!word || at.uses >= most) continue;
        EXPECT_EQ(word->use(), wanted);
        if (word->checked()) {
            go(*word, 0, 1, at.working);
        } else {
            EXPECT_FALSE(at.working);
            go(*word, 0, 0, true);
        }
    }
    if (at.uses > 0) {
        const auto word = at.word.drop_both();
        const bool undoing = word.to_be_undone_since(at.word);
        EXPECT_FALSE(undoing && at.working);
        go(word, 0, -1, at.working || undoing);
    }
    if (at.working) {
        go(at.word.finish_check(), 0, 1, false);
        go(at.word.finish_undo(), 0, 0, false);
        if (is_table(at.word.use())) go(at.word.rest_half_checked(), 0, 0, false);
    }
    if (at.uses > 0 && is_table(at.word.use()))
        if (const auto word = at.word.pin()) go(*word, 0, -1, at.working);
    if (const auto word = at.word.unpin()) go(*word, 0, 1, at.working);
    if (const auto word = at.word.take_out()) {
        EXPECT_TRUE(word->free());
        EXPECT_EQ(word->put_back(), at.word);
    }
    return next;
}

TEST(FrameWord, AtMostSoManyReferencesAndUsersAreTaken) {
    for (const Use use : {Use::writable, Use::l1_table, Use::l4_table}) {
        const auto at_once = [use](FrameWord word) {
            return is_table(use) ? word.take_as_table() : word.take_writable_at_once();
        };
        EXPECT_TRUE(at_once(FrameWord(FrameWord::most_references - 1, use, FrameWord::most_users - 1, true)));
        EXPECT_FALSE(at_once(FrameWord(FrameWord::most_references, use, 1, true)));
        EXPECT_FALSE(at_once(FrameWord(FrameWord::most_users, use, FrameWord::most_users, true)));
    }
}

TEST(FrameWord, EveryReachableStateIsSoundAndCountsWhatIsHeld) {
    std::set<decltype(World{}.key())> seen;
    std::queue<World> queue;
    queue.push({FrameWord(1, Use::none, 0, false), 1, 0, false});
    while (!queue.empty()) {
        const World at = queue.front();
        queue.pop();
        if (!seen.insert(at.key()).second) continue;
        ASSERT_TRUE(at.word.sound()) << std::hex << at.word.raw();
        const unsigned own = (at.word.pinned() ? 1U : 0U) + (at.word.partial() ? 1U : 0U);
        ASSERT_EQ(at.word.references(), at.references + at.uses + own + (at.working ? 1 : 0));
        ASSERT_EQ(at.word.users(), at.uses + own + (at.working ? 1 : 0));
        ASSERT_EQ(at.word.checked(), at.uses + (at.word.pinned() ? 1 : 0) > 0);
        if (at.word.free()) continue;
        for (const World& next : steps_from(at)) queue.push(next);
    }
    EXPECT_GT(seen.size(), 100U);
}

TEST(FrameWord, CountsDoNotOverflow) {
    EXPECT_EQ(FrameWord(FrameWord::most_references, Use::none, 0, false).take_reference().error(), FrameRefusal::too_many);
    EXPECT_EQ(FrameWord(FrameWord::most_users + 1, Use::writable, FrameWord::most_users, true).take_both(Use::writable).error(),
              FrameRefusal::too_many);
    EXPECT_EQ(FrameWord().take_reference().error(), FrameRefusal::frame_free);
    EXPECT_EQ(FrameWord().take_both(Use::writable).error(), FrameRefusal::frame_free);
}

TEST(FrameWord, AnotherUseBeginsUncheckedWhileTheFormerOnesTranslationsMayLinger) {
    const FrameWord fresh(1, Use::none, 0, false);
    EXPECT_TRUE(fresh.take_both(Use::writable)->checked());
    const auto was_table = fresh.take_both(Use::l1_table)->finish_undo();
    EXPECT_FALSE(was_table.take_both(Use::writable)->checked());
    const auto was_written = fresh.take_both(Use::writable)->drop_both();
    EXPECT_TRUE(was_written.take_both(Use::writable)->checked());
    EXPECT_FALSE(was_written.take_both(Use::l2_table)->checked());
}

}    // namespace
