// What two CPUs share and do to it, as the search and atomics.cpp see it. One at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace basalt::interleaved {

class Model {
public:
    Model() { now_ = this; }
    virtual ~Model() { now_ = nullptr; }
    Model(const Model&) = delete;
    Model& operator=(const Model&) = delete;
    static Model* now() { return now_; }

    // As at first, with all that is done while nobody else is there.
    virtual void begin() = 0;
    // The program of this CPU, which runs.
    virtual void run(unsigned cpu) = 0;
    // After each step that changed something.
    virtual void changed() {}
    // What no state may show, and what the last one may not; empty when all is well.
    virtual std::string wrong() = 0;
    virtual std::string left_over() = 0;
    // Two states that agree in this, and in what the CPUs have learnt, have the same future.
    virtual std::uint64_t key() = 0;

    // Of an access: whether the other CPU may go first, and what is found and stored: a model may be wrong on purpose.
    virtual bool watches(const volatile void* place, std::size_t size) = 0;
    virtual std::uint64_t seen(const volatile void*, std::uint64_t found) { return found; }
    virtual std::uint64_t to_be_stored(volatile void* place, std::size_t size, std::uint64_t found, std::uint64_t wanted) = 0;
    virtual bool exchanges_blindly(const volatile void*) { return false; }
    // Of a lock that is about to be taken, which is one step: whoever stands before it can go on while nobody has it.
    virtual bool takes_lock(const volatile void*) { return false; }
    // Of a counter that only tells what was before what: whether this tick is not one with that before it.
    virtual bool is_clock(const volatile void*) { return false; }
    virtual bool ticks() { return true; }
    // An interrupt handler acts, of which the CPU's program learns nothing.
    virtual bool is_interrupted() { return false; }

private:
    static inline Model* now_ = nullptr;
};

}    // namespace basalt::interleaved
