// Vcpus are set up, started and stopped by others of their domain, and in which order what Basalt keeps of them changes.
#include "domain/vcpu_setup.hpp"

#include <gtest/gtest.h>

#include "abi/sched.hpp"
#include "abi/xen.hpp"
#include "decoders/world.hpp"
#include "domain/run.hpp"

namespace basalt {
namespace {

using decoders::World;

// What a kind of guest, the entry path and the interrupts that are let in find, for the test that runs.
struct Machine {
    std::function<Step<>(Vcpu&)> set_context = [](Vcpu&) -> Step<> { return std::monostate{}; };
    std::function<void(const std::uint16_t*)> told_entry_path = [](const std::uint16_t*) {};
    std::function<void()> interrupts = [] {};
    int dropped_tables = 0;
    static Machine* now;
};
Machine* Machine::now = nullptr;

bool is_being_set_up(Vcpu& vcpu) {
    return vcpu.info_page.try_with([](const events::SharedPage&) { return false; }, true);
}
// Where its vcpu_info is, if it has been placed, and nobody is about to.
std::byte* info_page(Vcpu& vcpu) {
    return vcpu.info_page.try_with([](const events::SharedPage& page) { return page.at(); }, nullptr);
}

struct vcpu_setup : testing::Test {
    static constexpr CpuId here{0}, there{1};

    vcpu_setup() {
        Machine::now = &machine;
        static const bool begun = (scheduler().bring_online(there), true);
        static_cast<void>(begun);
    }
    ~vcpu_setup() override {
        for (Vcpu* const vcpu : {&caller, &other}) {
            scheduler().hold(vcpu->unit, Hold::down);
            leave_cpus();
        }
    }

    // The scheduler's choice made real.
    static void choose(CpuId cpu) {
        auto* const before = scheduler().current(cpu);
        if (scheduler().pick(cpu).unit != before && before != nullptr) scheduler().saved(*before);
    }
    static void leave_cpus() { choose(here), choose(there); }
    void run(Vcpu& vcpu, CpuId cpu) {
        ASSERT_TRUE(scheduler().set_affinity(vcpu.unit, CpuMask::of(cpu), CpuMask::of(cpu)));
        scheduler().release(vcpu.unit, Hold::down);
        choose(cpu);
        ASSERT_TRUE(vcpu.unit.on_cpu());
    }
    template <typename Act>
    auto as_caller(Act act) {
        std::optional<decltype(act())> answer;
        world.as(caller, [&] { answer.emplace(act()); });
        return *answer;
    }
    static Result<Owned<vcpu_guest_context>> some_context() { return create<vcpu_guest_context>(); }
    Step<> initialised_with(const Result<Owned<vcpu_guest_context>>& context) {
        return as_caller([&] { return initialise(other, context); });
    }
    Result<> placed(Vcpu& vcpu, std::uint64_t offset = 64) {
        return as_caller([&] { return place_vcpu_info(vcpu, Pfn(2), offset); });
    }
    void takes_down(Vcpu& vcpu) {
        world.as(caller, [&] { take_down(vcpu); });
    }

    Machine machine;
    World world;
    Domain& domain = world.domain(1);
    Vcpu& caller = *domain.vcpu(VcpuId(0));
    Vcpu& other = *domain.vcpu(VcpuId(1));
};

TEST_F(vcpu_setup, a_first_state_is_given_once_by_one_alone) {
    machine.set_context = [](Vcpu& vcpu) -> Step<> {
        EXPECT_TRUE(is_being_set_up(vcpu));
        vcpu.initialised = true;
        return std::monostate{};
    };
    EXPECT_TRUE(initialised_with(some_context()).done());
    EXPECT_FALSE(is_being_set_up(other));
    EXPECT_EQ(*initialised_with(some_context()).refused(), Error::exists);
    EXPECT_EQ(*initialised_with(refuse(Error::bad_address)).refused(), Error::bad_address);
    EXPECT_EQ(machine.dropped_tables, 0);
}

TEST_F(vcpu_setup, a_first_state_in_steps_lets_others_in_between) {
    machine.set_context = [](Vcpu&) -> Step<> { return Again{}; };
    EXPECT_NE(initialised_with(some_context()).again(), nullptr);
    EXPECT_TRUE(placed(other));
    // What the steps before have taken goes where the state is there no longer.
    EXPECT_EQ(*initialised_with(refuse(Error::bad_address)).refused(), Error::bad_address);
    EXPECT_EQ(machine.dropped_tables, 1);
}

TEST_F(vcpu_setup, whoever_comes_second_waits_or_is_told) {
    machine.set_context = [](Vcpu& vcpu) -> Step<> {
        const Result<Owned<vcpu_guest_context>> gone = refuse(Error::bad_address);
        EXPECT_NE(initialise(vcpu, gone).again(), nullptr);
        EXPECT_EQ(place_vcpu_info(vcpu, Pfn(2), 0).error(), Error::busy);
        return std::monostate{};
    };
    EXPECT_TRUE(initialised_with(some_context()).done());
    EXPECT_EQ(machine.dropped_tables, 0);
    EXPECT_EQ(info_page(other), nullptr);
}

TEST_F(vcpu_setup, who_could_not_be_told_of_events_gets_no_state) {
    other.events.place_info(nullptr);
    machine.set_context = [](Vcpu&) -> Step<> { std::abort(); };
    EXPECT_EQ(*initialised_with(some_context()).refused(), Error::invalid);
}

TEST_F(vcpu_setup, the_entry_path_is_told_of_a_vcpu_info_that_is_the_vcpus_already) {
    caller.events.info()->evtchn_upcall_mask = 1;
    int told = 0, published = 0;
    const auto* const before = caller.events.info();
    const auto is_moved = [&] {
        return caller.events.info() != before && caller.events.info()->evtchn_upcall_pending == 1 &&
               caller.events.info()->evtchn_upcall_mask == 1;
    };
    world.publishes_time = [&](Vcpu&) {
        EXPECT_TRUE(is_moved());
        ++published;
    };
    machine.told_entry_path = [&](const std::uint16_t* bytes) {
        EXPECT_TRUE(is_moved());
        EXPECT_EQ(static_cast<const void*>(bytes), &caller.events.info()->evtchn_upcall_pending);
        ++told;
    };
    EXPECT_TRUE(placed(caller));
    EXPECT_EQ(told, 1);
    EXPECT_EQ(published, 1);
    EXPECT_EQ(reinterpret_cast<std::byte*>(caller.events.info()), info_page(caller) + 64);
    EXPECT_EQ(placed(caller).error(), Error::invalid);
    EXPECT_FALSE(is_being_set_up(caller));
    EXPECT_TRUE(placed(other, 128));
    EXPECT_EQ(told, 1);   // it does not run here
    EXPECT_EQ(published, 2);
}

TEST_F(vcpu_setup, a_vcpu_info_is_moved_by_nobody_while_its_vcpu_may_run) {
    run(other, there);
    EXPECT_EQ(placed(other).error(), Error::invalid);
    EXPECT_EQ(info_page(other), nullptr);
}

TEST_F(vcpu_setup, who_was_never_initialised_is_not_brought_up) {
    EXPECT_EQ(bring_up(other).error(), Error::invalid);
    EXPECT_FALSE(other.unit.is_up());
    other.initialised = true;
    EXPECT_TRUE(bring_up(other));
    EXPECT_TRUE(other.unit.is_up());
}

TEST_F(vcpu_setup, who_is_taken_down_has_left_its_cpu) {
    run(caller, here);
    run(other, there);
    int waited = 0;
    machine.interrupts = [&] {
        if (++waited == 3) choose(there);
    };
    takes_down(other);
    EXPECT_FALSE(other.unit.is_up());
    EXPECT_FALSE(other.unit.on_cpu());
    EXPECT_EQ(waited, 3);
}

TEST_F(vcpu_setup, nobody_waits_for_itself_nor_while_others_wait_for_it) {
    run(caller, here);
    run(other, there);
    int waited = 0;
    machine.interrupts = [&] {
        if (++waited == 2) this_cpu().work |= static_cast<std::uint32_t>(Work::schedule);
    };
    takes_down(other);
    EXPECT_TRUE(other.unit.on_cpu());
    EXPECT_EQ(waited, 2);
    scheduler().release(other.unit, Hold::down);
    takes_down(caller);
    EXPECT_FALSE(caller.unit.is_up());
    EXPECT_EQ(waited, 2);
}

TEST_F(vcpu_setup, the_last_one_that_goes_down_switches_its_domain_off) {
    run(caller, here);
    run(other, there);
    machine.interrupts = [] { choose(there); };
    std::vector<unsigned> ends;
    world.shuts_down = [&](Domain&, unsigned reason) { ends.push_back(reason); };
    takes_down(other);
    EXPECT_TRUE(ends.empty());
    takes_down(caller);
    EXPECT_EQ(ends, std::vector<unsigned>{SHUTDOWN_poweroff});
    EXPECT_TRUE(caller.unit.is_up());   // as whose doing it ends
}

}   // namespace

// --- the machine, and the kind of guest ---

Result<void*> allocate_bytes(std::size_t size) { return std::calloc(1, size); }
void free_bytes(void* memory, std::size_t) { std::free(memory); }

void Cpu::run(Vcpu*, VcpuRegisters*, const std::uint16_t* upcall) { Machine::now->told_entry_path(upcall); }
void poll_interrupts() { Machine::now->interrupts(); }
Step<> set_context(Vcpu& vcpu, const vcpu_guest_context&, paging::Budget&) { return Machine::now->set_context(vcpu); }
void drop_tables(Vcpu&) { ++Machine::now->dropped_tables; }

}   // namespace basalt
