// A guest that writes anything anywhere, while devices interrupt it and time passes: the audit after each step, and what must
// hold whatever it does.
#include <gtest/gtest.h>

#include <random>

#include "apic/guest.hpp"
#include "apic/saved.hpp"

namespace basalt::apic {
namespace {

using namespace guest;

class Walk {
public:
    explicit Walk(unsigned seed) : random_(seed) {}

    void step() {
        now_.time = now_.time + below(5000);
        now_.tsc = now_.tsc + below(5000);
        switch (below(12)) {
            case 0: reach_deadline(); break;
            case 1: apic_.accept(byte(), below(2) ? Trigger::level : Trigger::edge); break;
            case 2: take_interrupt(); break;
            case 3: end(); break;
            case 4:
                if (below(6) == 0) change_mode();
                break;
            case 5: apic_.set_tsc_deadline(now_.tsc + below(10000), now_); break;
            case 6: apic_.follow_cr8(static_cast<std::uint8_t>(below(16))); break;
            case 7: save_and_load(); break;
            case 8:
                if (answers()) write(Register::spurious, below(8) ? spurious_and_enabled : 0xff);
                break;
            default: write_anything();
        }
        check();
    }
    const LocalApic& apic() const { return apic_; }
    unsigned fired = 0, delivered = 0, refused = 0, sent = 0;

private:
    std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_() % limit); }
    std::uint8_t byte() { return static_cast<std::uint8_t>(random_()); }

    // Where the time makes no difference it is told wrongly.
    Now now_for(std::uint32_t offset) {
        if (depends_on_time(static_cast<Register>(offset))) return now_;
        return at(random_(), random_());
    }
    void write(Register which, std::uint32_t value) { guest::write(apic_, which, value, now_); }

    bool answers() const { return apic_.page() || apic_.is_extended(); }

    void write_anything() {
        if (!answers()) return;
        constexpr std::uint32_t timer_entries[] = {0xec, 0x200ec, 0x400ec, 0x600ec, 0x100ec};
        if (below(4) == 0) return write(Register::timer, timer_entries[below(5)]);
        if (below(4) == 0) return write(Register::initial_count, below(2000));
        if (below(8) == 0) return write_command();
        const std::uint32_t value = below(3) ? static_cast<std::uint32_t>(random_()) >> below(32) : 0;
        if (!apic_.is_extended()) {
            const std::uint32_t offset = below(4) ? below(64) * 16 : below(0x1000);
            const auto effect = apic_.write(offset, value, now_for(offset));
            if (effect.kind == Effect::Kind::send) ++sent;
            return;
        }
        const auto before = apic_;
        const std::uint64_t high = below(8) ? 0 : random_();
        const std::uint32_t number = below(64);
        const auto effect = apic_.write_msr(0x800 + number, high << 32 | value, now_for(number * 16));
        if (effect && effect->kind == Effect::Kind::send) ++sent;
        if (effect) return;
        ++refused;
        ASSERT_EQ(apic_, before) << "what was refused left a trace";
    }

    void write_command() {
        if (guest::write(apic_, Register::command_low, static_cast<std::uint32_t>(random_()) & command::kept).kind ==
            Effect::Kind::send)
            ++sent;
    }
    void reach_deadline() {
        const Deadline deadline = apic_.deadline();
        if (const auto* const time = std::get_if<Time>(&deadline)) now_.time = std::max(now_.time, *time);
        if (const auto* const tsc = std::get_if<Tsc>(&deadline)) now_.tsc = std::max(now_.tsc, *tsc);
        const bool was_requested = apic_.state().requested.has(0xec);
        const bool news = apic_.fire(now_);
        if (news) ++fired;
        if (deadline == Deadline()) ASSERT_FALSE(news) << "it had no deadline";
        if (deadline != Deadline() && apic_.is_enabled() && (apic_.state().entries[0] & 0xff) == 0xec)
            ASSERT_EQ(news, !was_requested);
    }
    void take_interrupt() {
        const auto vector = apic_.pending();
        if (!vector) return;
        ASSERT_EQ(apic_.pending_but_for_task_priority(), vector);
        apic_.deliver(*vector);
        ++delivered;
        ASSERT_EQ(apic_.state().in_service.highest(), vector) << "it is served before all others";
        ASSERT_EQ(apic_.processor_priority(), class_of(*vector));
    }
    void end() {
        const auto served = apic_.state().in_service.highest();
        const auto ended = apic_.end();
        ASSERT_EQ(ended.has_value(), served.has_value());
        if (ended) ASSERT_EQ(ended->vector, *served);
    }
    void change_mode() {
        constexpr std::uint64_t modes[] = {0xfee0'0000, 0xfee0'0800, 0xfee0'0c00, 0xfee0'0400};
        const auto before = apic_;
        if (below(8) == 0) return apic_.init();
        if (!apic_.set_base(modes[below(4)])) ASSERT_EQ(apic_, before);
    }
    void save_and_load() {
        auto saved = apic_.save(now_);
        auto again = LocalApic::load(VcpuId(5), saved, now_);
        ASSERT_TRUE(again);
        ASSERT_EQ(again->save(now_), saved);
        ASSERT_EQ(again->pending(), apic_.pending());
        apic_ = *again;
    }

    void check() {
        const auto wrong = wrong_with(DomainId(1), apic_.state());
        ASSERT_FALSE(wrong) << wrong->what << std::hex << ": " << wrong->found << ", not " << wrong->expected;
        const auto vector = apic_.pending();
        if (vector) ASSERT_GT(class_of(*vector), class_of(apic_.processor_priority()));
        if (!apic_.is_enabled()) ASSERT_FALSE(vector);
        if (!apic_.is_enabled()) ASSERT_EQ(apic_.deadline(), Deadline());
        ASSERT_LE(apic_.state().timer.current_count(now_), apic_.state().timer.initial_count);
        ASSERT_EQ(apic_.page().has_value(), apic_.address().model != Address::Model::disabled && !apic_.is_extended());
    }

    std::mt19937_64 random_;
    LocalApic apic_{VcpuId(5)};
    Now now_ = start;
};

TEST(walk, no_guest_makes_an_apic_unsound) {
    unsigned fired = 0, delivered = 0, refused = 0, sent = 0;
    for (unsigned seed = 0; seed < 100; ++seed) {
        Walk walk(seed);
        for (int step = 0; step < 5000; ++step) {
            walk.step();
            ASSERT_FALSE(HasFatalFailure()) << "seed " << seed << " step " << step;
        }
        fired += walk.fired;
        delivered += walk.delivered;
        refused += walk.refused;
        sent += walk.sent;
    }
    EXPECT_GT(fired, 1000u);
    EXPECT_GT(delivered, 5000u);
    EXPECT_GT(refused, 1000u);
    EXPECT_GT(sent, 1000u);
}

}  // namespace
}  // namespace basalt::apic
