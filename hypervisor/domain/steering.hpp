// What a domctl changes of a domain: who has its Steering (Domain::control) is alone with it. Tools do; nobody waits for
// another, and a call that finds somebody there is made again. What others may look at meanwhile, Domain shows.
#pragma once

#include "core/again.hpp"
#include "core/lock.hpp"
#include "domain/cpu_choice.hpp"
#include "domain/end.hpp"
#include "paging/budget.hpp"

namespace basalt {

class Domain;

class Steering {
public:
    Steering(const Steering&) = delete;
    Steering& operator=(const Steering&) = delete;

    // All vcpus that it may have come into being, down. Out of memory: those before are made.
    Result<> add_vcpus();

    // Pauses are counted; when one has begun no vcpu runs. A run that has ended goes on.
    Result<> pause();
    Result<> unpause();
    void resume();

    // None of its vcpus has run, nor begins to while this is ours.
    bool never_ran() const;
    // While none of them has.
    void choose(const CpuPolicy& policy);

    // One bounded step. First nobody may begin anything with the domain, and all that had begun is over; then it gives up
    // what it has of others, and its own. Done: it holds nothing itself. It goes for good when others have let go of its
    // frames too.
    Step<> end(paging::Budget& budget);
    const EndProgress& ending() const { return ending_; }

private:
    friend class TryGuarded<Steering, Rank::domain_control>;
    friend class Paused;
    explicit Steering(Domain& domain) : domain_(domain) {}

    Domain& domain_;
    EndProgress ending_;
};

// None of the domain's vcpus runs while this exists: one at a time, for there is one Steering.
class Paused {
public:
    explicit Paused(Steering& steering);
    ~Paused();
    Paused(const Paused&) = delete;
    Paused& operator=(const Paused&) = delete;

    void choose(TscMode mode, std::uint32_t incarnation);

private:
    Domain& domain_;
};

}  // namespace basalt
