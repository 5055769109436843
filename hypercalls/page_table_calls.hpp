// What the three page-table calls have in common: whose tables, batches that stop and go on, and flushes.
#pragma once

#include "domain/domain.hpp"
#include "domain/undoing.hpp"
#include "hypercalls/call.hpp"
#include "hypercalls/pause.hpp"
#include "paging/budget.hpp"
#include "paging/mmu.hpp"

namespace basalt::hypercalls {

// The domid argument: low half whose pages are named, high half whose tables are written (their id + 1; 0: the caller's).
Result<DomainMemory*> pages_named(std::uint32_t domains);
Result<DomainMemory*> tables_named(std::uint32_t domains);

// A list of requests, some of them done: mmu_update and mmuext_op. The count's top bit says that the call is being
// resumed; `done` then already counts those of the passes before.
class Batch {
public:
    static constexpr std::uint32_t resumed_bit = std::uint32_t{1} << 31;

    // rdi: requests, rsi: count, rdx: where the number done goes.
    explicit Batch(const Registers& registers);
    // To be called first: as on Xen, whose pages are meant is looked at after where the list lies.
    Result<> begin();

    std::uint32_t left() const { return count_ - done_; }
    void one_done() { ++done_; }

    // Writes the number done, and answers. Linux counts on by that number whatever the answer is.
    Ending end(Registers& registers, Result<> result);
    // As `end`, but the call is to be made again for what is left. rdi is moved on by so many requests.
    Ending pause(Registers& registers, std::size_t request_size);

private:
    void report();

    std::uint64_t requests_;
    std::uint32_t count_;
    bool resumed_;
    std::uint32_t done_ = 0;
    std::uint32_t before_ = 0;
    GuestPointer<std::uint32_t> done_pointer_;
};

// Beside the tables that are checked for it: a list of 128 plain requests lets others in.
inline constexpr std::int64_t cost_of_request = 16;

// Requests of a batch that has begun, one after the other, each by `act(request, budget)`, until all are done, one is
// refused, or it is time to pause. Tables of this domain's that they set free are settled on the way out.
template <typename Request, typename Act>
Ending in_order(Registers& registers, Batch& batch, DomainMemory& tables, Act act) {
    paging::Budget budget;
    Result<> result;
    bool pausing = false;
    for (GuestPointer<Request> next(registers.rdi); batch.left() != 0 && result && !pausing; next = next + 1) {
        const auto request = next.read();
        const Step<> step = request ? act(*request, budget) : Step<>(refuse(request.error()));
        if (step.done()) batch.one_done();
        budget.spend(cost_of_request);
        if (const Error* refused = step.refused()) result = refuse(*refused);
        pausing = step.again() != nullptr || (batch.left() != 0 && time_to_pause(budget));
    }
    settle_tables(tables, budget);
    return result && pausing ? batch.pause(registers, sizeof(Request)) : batch.end(registers, result);
}

// The CPUs on which these vcpus of the caller's run: a bit map in guest memory, as long as the domain has vcpus.
Result<CpuMask> cpus_of_vcpus(std::uint64_t bit_map);

// The running domain's translations are forgotten on those of these CPUs that may have any, this one among them or not: where a
// vcpu of the domain was, somebody else's tables have been loaded since.
void flush_on(CpuMask among);
void flush_page_on_these(CpuMask among, std::uint64_t address);

}  // namespace basalt::hypercalls
