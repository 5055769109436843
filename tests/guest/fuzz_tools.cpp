// RUN: %boot-guest --cpus 2 --options dom0_max_vcpus=2 | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Two vcpus of Dom0 do whatever tools may do to a few domains, at the same time: one of them also makes these, and makes
// the next when one has been ended. The domains shut themselves down meanwhile, take their vcpus up and down, or spin.
// Words: seed=, calls=.
#include "kit/case.hpp"
#include "kit/second_vcpu.hpp"
#include "kit/small_domain.hpp"
#include "kit/tool_acts.hpp"

#include <array>
#include <atomic>
#include <optional>

asm(R"(
        .section .rodata
fuzz_suspend:                                   # suspends itself again and again
        mov     $0xffffffff80001000, %rbx
1:      movl    $2, 16(%rbx)                    # SHUTDOWN_suspend
        lea     16(%rbx), %rsi
        mov     $2, %edi                        # SCHEDOP_shutdown
        mov     $29, %eax
        syscall
        incq    (%rbx)
        jmp     1b
fuzz_vcpus:                                     # takes its vcpus down, and up again
        xor     %ebp, %ebp
1:      mov     %ebp, %edi
        and     $1, %edi
        add     $1, %edi                        # VCPUOP_up, VCPUOP_down
        mov     %ebp, %esi
        shr     $1, %esi
        and     $1, %esi
        xor     %edx, %edx
        mov     $24, %eax
        syscall
        inc     %ebp
        jmp     1b
fuzz_poll:                                      # waits for port 1, for a moment
        mov     $0xffffffff80001000, %rbx
        movl    $1, 24(%rbx)
        lea     24(%rbx), %rax
        mov     %rax, (%rbx)                    # ports
        movl    $1, 8(%rbx)                     # nr_ports
        movq    $1, 16(%rbx)                    # timeout: long over
1:      mov     %rbx, %rsi
        mov     $3, %edi                        # SCHEDOP_poll
        mov     $29, %eax
        syscall
        jmp     1b
fuzz_spin:
        pause
        jmp     fuzz_spin
fuzz_end:
        .previous
)");
extern "C" const std::byte fuzz_suspend[], fuzz_vcpus[], fuzz_poll[], fuzz_spin[], fuzz_end[];

namespace kit {
namespace {

constexpr std::size_t at_once = 3;
std::array<std::optional<SmallDomain>, at_once> domains;
std::array<std::atomic<unsigned>, at_once> numbers;      // for the second vcpu
std::array<std::array<xen_pfn_t, SmallDomain::count>, at_once> frames;
std::atomic<bool> over;
std::atomic<std::uint64_t> seed, done_by_second;

void some_act(ToolActs& tools, std::size_t which, Random& random) {
    tools.turn_to(numbers[which], frames[which]);
    random.one_in(6) ? tools.harshly(random) : tools.gently(random);
}

ToolActs& second_tools() {
    static ToolActs tools(fresh_page());
    return tools;
}
void act_on_second() {
    Random random(seed + 1);
    while (!over) {
        some_act(second_tools(), random.below(at_once), random);
        done_by_second = second_tools().done;
    }
    second_tools().let_go();
}

// While it is made the other vcpu may end it already: then it is one that never runs.
void make(std::size_t which, Random& random) {
    static const std::array bodies{fuzz_suspend, fuzz_suspend, fuzz_vcpus, fuzz_poll, fuzz_spin};
    const std::byte* const body = random.of(bodies);
    const auto& domain = domains[which].emplace(std::span{body, fuzz_end}, -1, 1 + random.below(2));
    frames[which] = domain.frames;
    numbers[which] = domain.id;
    domain.start();
}

bool lives(const SmallDomain& domain) {
    const auto info = domain.info();
    return info.domain == domain.id && (info.flags & XEN_DOMINF_dying) == 0;
}

// Both vcpus, until they have made so many calls since the first; then the domains are ended. How many there were.
unsigned one_round(ToolActs& tools, std::uint64_t calls, Random& random) {
    unsigned made = 0;
    for (std::size_t which = 0; which < at_once; ++which, ++made) make(which, random);
    over = false;
    seed = random.word();
    begin_on_second(act_on_second);
    while (tools.done + done_by_second < calls) {
        const std::size_t which = random.below(at_once);
        some_act(tools, which, random);
        if (!random.one_in(32)) continue;
        if (lives(*domains[which])) {
            tools.let_run();
        } else {
            domains[which]->destroy();                    // stock Xen wants to be asked until it is done
            make(which, random);
            ++made;
        }
    }
    over = true;
    finish_on_second();
    tools.let_go();
    for (const auto& domain : domains) domain->destroy();
    return made;
}

constexpr auto table = std::to_array<Case>({
    {in_words("all"), "tools that act on the same domains at the same time end none but those, and nothing of them is left", [] {
        // Of 55 runs two ended in a panic, and in two no CPU ran anybody any more.
        if (on_stock_xen()) return skip("stock Xen 4.17.7's fault: panics in unpark_parked_units (credit2) and put_old_guest_table");
        static ToolActs tools(fresh_page());
        static_cast<void>(second_tools());
        expect_equal(call<rows::vcpu_op, VCPUOP_initialise>(1, second_vcpu_context()), 0);
        expect_equal(call<rows::vcpu_op, VCPUOP_up>(1), 0);
        Random random(seed_of_run());
        const std::uint64_t calls = told("calls=", 40'000);
        unsigned made = one_round(tools, calls / 4, random);
        const std::uint64_t before = free_pages();        // whatever is made once only, has been made
        for (unsigned round = 2; round <= 4; ++round) made += one_round(tools, calls * round / 4, random);
        print(made, " domains, ", tools.done / 1000, " thousand calls, and ", done_by_second / 1000, " thousand of the second vcpu");
        expect_free_pages(before);
        expect_audit_agrees();
    }},
});

}

constinit const std::span<const Case> cases = table;

}
