// What is lost of events that meet each other on their way into a hardware-assisted guest: nothing that would not come again.
#include "hvm_vcpu/delivery.hpp"

#include <gtest/gtest.h>

namespace basalt::delivery {
namespace {

using Kind = Event::Kind;

const Event interrupt(Kind::interrupt, 0x40), nmi(Kind::nmi, 2), page_fault(14, 2), protection(13, 0), alignment(17, 0),
    twice(8, 0);

TEST(Delivery, AnInterruptAndAnNmiAreDeliveredAgain) {
    for (const Event& event : {interrupt, nmi, page_fault, twice}) EXPECT_EQ(again(event).raw, event.raw);
    EXPECT_FALSE(again(Event()).valid());
}

TEST(Delivery, WhatAnInstructionAsksForIsAskedForAgainByThat) {
    EXPECT_FALSE(again(Event(Kind::software_interrupt, 0x80)).valid());
    EXPECT_FALSE(again(Event(Kind::exception, 3)).valid());
    EXPECT_FALSE(again(Event(Kind::exception, 4)).valid());
}

TEST(Delivery, AnInterruptThatAnExceptionMeetsComesLater) {
    for (const Event& due : {interrupt, nmi}) {
        const Met met = meets(due, alignment);
        EXPECT_EQ(met.first.raw, alignment.raw);
        EXPECT_EQ(met.later.raw, due.raw);
        EXPECT_FALSE(met.is_shutdown);
    }
}

TEST(Delivery, ExceptionsDoubleAndThenShutTheProcessorDown) {
    EXPECT_EQ(meets(Event(), protection).first.raw, protection.raw);
    EXPECT_EQ(meets(protection, protection).first.raw, twice.raw);
    EXPECT_EQ(meets(page_fault, page_fault).first.raw, twice.raw);
    EXPECT_EQ(meets(protection, page_fault).first.raw, page_fault.raw);
    EXPECT_EQ(meets(alignment, protection).first.raw, protection.raw);
    EXPECT_TRUE(meets(twice, alignment).is_shutdown);
    for (const Event& due : {page_fault, protection, twice}) EXPECT_FALSE(meets(due, protection).later.valid());
}

}   // namespace
}   // namespace basalt::delivery
