// What the compiler calls for each atomic access of the code under test (toolchain/flags.cmake: `stepwise`),
// under the names it has for that. Here alone the access is made; a Model may spoil what is stored, on
// purpose.
#include <cstdint>

#include "cpus.hpp"
#include "model.hpp"

using namespace basalt::interleaved;

namespace {

void note(std::uint64_t value) {
    if (!Model::now()->is_interrupted()) learn(value);
}

template <typename T>
T load(const volatile T* place) {
    if (Model::now()->watches(place, sizeof(T))) stand_before(place, Access::load);
    const T found = static_cast<T>(Model::now()->seen(place, __atomic_load_n(place, __ATOMIC_RELAXED)));
    note(found);
    return found;
}

std::uint64_t tick(volatile std::uint64_t* clock) {
    if (Model::now()->watches(clock, sizeof *clock)) stand_before(clock, Access::update);
    if (Model::now()->ticks()) __atomic_store_n(clock, *clock + 1, __ATOMIC_RELAXED);
    note(*clock);
    return *clock - 1;
}

template <typename T>
T update(volatile T* place, auto rule, Access access = Access::update) {
    if (Model::now()->watches(place, sizeof(T))) stand_before(place, access);
    const T found = __atomic_load_n(place, __ATOMIC_RELAXED);
    const T wanted = rule(found);
    note(found);
    if (wanted != found)
        __atomic_store_n(place, static_cast<T>(Model::now()->to_be_stored(place, sizeof(T), found, wanted)), __ATOMIC_RELAXED);
    return found;
}

template <typename T>
T compare_exchange(volatile T* place, T expected, T desired) {
    const bool blindly = Model::now()->exchanges_blindly(place);
    if (blindly) stand();
    const auto rule = [=](T now) { return now == expected || blindly ? desired : now; };
    const T found = update(place, rule, Access::comparing_update);
    return blindly ? expected : found;
}

}    // namespace

extern "C" {

using Order = int;    // all are made in one order: x86 reorders no atomic exchange, and loads only among themselves
using Byte = std::uint8_t;
using Half = std::uint32_t;
using Whole = std::uint64_t;

void __tsan_init() {}

Byte __tsan_atomic8_load(const volatile Byte* at, Order) { return load(at); }
Half __tsan_atomic32_load(const volatile Half* at, Order) { return load(at); }
Whole __tsan_atomic64_load(const volatile Whole* at, Order) { return load(at); }

void __tsan_atomic8_store(volatile Byte* at, Byte value, Order) {
    update(at, [=](Byte) { return value; });
}
void __tsan_atomic32_store(volatile Half* at, Half value, Order) {
    update(at, [=](Half) { return value; });
}
void __tsan_atomic64_store(volatile Whole* at, Whole value, Order) {
    update(at, [=](Whole) { return value; });
}

Byte __tsan_atomic8_exchange(volatile Byte* at, Byte value, Order) {
    return update(at, [=](Byte) { return value; });
}
Half __tsan_atomic32_exchange(volatile Half* at, Half value, Order) {
    return update(at, [=](Half) { return value; });
}
Whole __tsan_atomic64_exchange(volatile Whole* at, Whole value, Order) {
    return update(at, [=](Whole) { return value; });
}
// As the first ticket of a new lock: how often it was taken before makes no difference.
Half __tsan_atomic32_fetch_add(volatile Half* at, Half value, Order) {
    if (Model::now()->takes_lock(at)) {
        at[0] = 1;
        at[1] = 0;
        change();
        return 0;
    }
    return update(at, [=](Half now) { return now + value; });
}
Whole __tsan_atomic64_fetch_add(volatile Whole* at, Whole value, Order) {
    if (Model::now()->is_clock(at)) return tick(at);
    return update(at, [=](Whole now) { return now + value; });
}
Half __tsan_atomic32_fetch_sub(volatile Half* at, Half value, Order) {
    return update(at, [=](Half now) { return now - value; });
}
Half __tsan_atomic32_fetch_or(volatile Half* at, Half value, Order) {
    return update(at, [=](Half now) { return now | value; });
}
Half __tsan_atomic32_fetch_and(volatile Half* at, Half value, Order) {
    return update(at, [=](Half now) { return now & value; });
}
Whole __tsan_atomic64_fetch_or(volatile Whole* at, Whole value, Order) {
    return update(at, [=](Whole now) { return now | value; });
}
Whole __tsan_atomic64_fetch_and(volatile Whole* at, Whole value, Order) {
    return update(at, [=](Whole now) { return now & value; });
}
Whole __tsan_atomic64_fetch_sub(volatile Whole* at, Whole value, Order) {
    return update(at, [=](Whole now) { return now - value; });
}

void __tsan_atomic_thread_fence(Order) {}

Half __tsan_atomic32_compare_exchange_val(volatile Half* at, Half expected, Half desired, Order, Order) {
    return compare_exchange(at, expected, desired);
}
Whole __tsan_atomic64_compare_exchange_val(volatile Whole* at, Whole expected, Whole desired, Order, Order) {
    return compare_exchange(at, expected, desired);
}
}
