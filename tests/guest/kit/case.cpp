#include "case.hpp"

#include "abi/basalt.hpp"

namespace kit {

namespace {

struct Running {
    const Case* test = nullptr;
    std::string_view skipped;
    bool failed = false;
} running;

std::string_view file_of(const Location& where) {
    std::string_view path = where.file_name();
    return path.substr(path.rfind('/') + 1);
}

void report(const Case& test) {
    if (running.failed) return;   // said when it did
    if (!running.skipped.empty())
        print("SKIP ", test.covers, ": ", test.promise, ": ", running.skipped);
    else
        print("PASS ", test.covers, ": ", test.promise);
}

void run(const Case& test) {
    running = {.test = &test};
    print("CASE ", test.covers, ": ", test.promise);
    if (auto fault = fault_of(test.body))
        fail(Line{} << "exception " << fault->vector << " error " << fault->error << " at " << fault->rip << " address "
                    << fault->address);
    report(test);
}

// Every guest ends with it: whatever the cases did, Basalt's records follow from each other.
constexpr Case last_case{"basalt_op.audit", "finds nothing after all that this guest did", [] {
                             if (on_stock_xen()) return skip("stock Xen has no audit");
                             if (!(start->flags & SIF_INITDOMAIN)) return skip("only Dom0 may ask for it");
                             expect_audit_agrees();
                         }};

void (*last_call)() = nullptr;

[[noreturn]] void leave() {
    if (last_call != nullptr) last_call();
    sched_shutdown_t reboot{SHUTDOWN_reboot};   // stock Xen halts, and QEMU stays, when asked to power off this way
    call<rows::sched_op, SCHEDOP_shutdown>(reboot);
    for (;;) call<rows::sched_op, SCHEDOP_block>();
}

}

void fail(const Line& why, Location where) {
    Line said;
    if (running.failed)
        said << "  also: ";
    else if (running.test != nullptr)
        said << "FAIL " << running.test->covers << ": " << running.test->promise << ": ";
    running.failed = true;
    print(said.text(), why.text(), " at ", file_of(where), ":", where.line());
}

void end_with(void (*last)()) { last_call = last; }

void skip(std::string_view reason) { running.skipped = reason; }

bool expect_audit_agrees(Location where) {
    return on_stock_xen() || expect_equal(hypercall(basalt::basalt_op_number, basalt::basalt_audit), 0, where);
}

bool expect_fault(const std::optional<Fault>& fault, unsigned vector, std::uint64_t error, Location where) {
    if (!fault) {
        fail(Line{} << "expected exception " << vector << " got none", where);
        return false;
    }
    const bool same = fault->vector == vector && fault->error == error;
    if (!same)
        fail(Line{} << "expected exception " << vector << " error " << error << " got " << fault->vector << " error "
                    << fault->error,
             where);
    return same;
}

extern "C" [[noreturn]] void kit_start(start_info_t* info) {
    start_memory(info);
    start_traps();
    unsigned passed = 0, failed = 0, skipped = 0;
    const auto count = [&](const Case& test) {
        run(test);
        ++(running.failed ? failed : running.skipped.empty() ? passed : skipped);
    };
    for (const Case& test : cases) count(test);
    count(last_case);
    note_success(__HYPERVISOR_sched_op, SCHEDOP_shutdown);       // whoever sees the machine end has seen it
    print_answers();
    print("guest: ", passed, " passed, ", failed, " failed, ", skipped, " skipped");
    leave();
}

}
