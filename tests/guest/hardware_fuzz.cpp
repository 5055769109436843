// RUN: %boot-guest --options hvm=yes --cpus 2 | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Hardware-assisted guests of two vcpus do whatever leaves a guest, by random machine code, while tools have their hands on them,
// until they have done their share, die of it, or come to nothing any more. Nobody else shall notice, and everything comes back.
// The seed is new each time; words: seed=, acts=, lives= (the most of them). tests/matrix/hostile does a hundred times as much.
#include "kit/case.hpp"
#include "kit/clock.hpp"
#include "kit/hostile_domain.hpp"
#include "kit/random.hpp"
#include "kit/tool_acts.hpp"

#include <algorithm>
#include <cstring>

namespace kit {
namespace {

constexpr std::uint32_t share = 8000;

// Whether it is worth waiting for another act: it may sleep for good, or turn in a circle.
class Patience {
public:
    bool is_left(const HostileDomain& domain) {
        if (const std::uint32_t by_now = domain.done(); by_now != done_) done_ = by_now, asleep_ = 0, since_ = now();
        asleep_ = (domain.info().flags & XEN_DOMINF_blocked) != 0 ? asleep_ + 1 : 0;
        return asleep_ < 100 && now() - since_ < 500'000'000;
    }
    bool is_asleep() const { return asleep_ > 20; }
    std::uint32_t done() const { return std::min(done_, 2 * share); }   // it may have written over it

private:
    std::uint32_t done_ = 0, asleep_ = 0;
    std::uint64_t since_ = now();
};

// What this kernel has in its CPU, and would find changed if a guest's were left there.
struct Own {
    alignas(16) std::array<std::byte, 512> fpu{};
    std::array<std::uint64_t, 12> words{};

    void take() {
        asm volatile("fxsave64 %0" : "=m"(fpu));
        for (int number = 0; number < 8; ++number)
            words[static_cast<std::size_t>(number)] = static_cast<std::uint64_t>(get_debugreg(number));
        asm volatile("mov %%cr4, %0" : "=r"(words[8]));
        constexpr std::uint64_t has_xcr0 = 1 << 18;
        if ((words[8] & has_xcr0) != 0) words[9] = read_xcr0();
        words[10] = read_msr(0xc000'0100), words[11] = read_msr(0xc000'0101);   // bases of FS and GS
    }
    bool operator==(const Own&) const = default;

private:
    static std::uint64_t read_xcr0() {
        std::uint32_t low, high;
        asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        return low | std::uint64_t{high} << 32;
    }
    static std::uint64_t read_msr(std::uint32_t number) {
        std::uint32_t low, high;
        asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
        return low | std::uint64_t{high} << 32;
    }
};

void fill_registers() {
    static constexpr std::array<std::uint64_t, 2> pattern{0x0123'4567'89ab'cdef, 0xfedc'ba98'7654'3210};
    asm volatile("fninit; fldpi; movups %0, %%xmm0; movups %0, %%xmm7; movups %0, %%xmm15" : : "m"(pattern));
}

void send_nmi(const HostileDomain& domain, unsigned vcpu) {
    xen_domctl_t request{};
    request.u.sendtrigger.trigger = XEN_DOMCTL_SENDTRIGGER_NMI, request.u.sendtrigger.vcpu = vcpu;
    domctl(XEN_DOMCTL_sendtrigger, domain.id, request);
}

// As Dom0's tools would, at any moment.
void act_as_tool(const HostileDomain& domain, ToolActs& tools, Random& random) {
    static std::array<std::byte, 8192> room;
    std::size_t size;
    xen_domctl_t request{};
    switch (random.below(8)) {
    case 0: get_records(domain.id, room, size); break;
    case 1:
        tools.gently(random);
        tools.let_run();
        break;
    case 2:
        if (domain.done() != 0) send_nmi(domain, random.below(2));   // it has its gates
        break;
    case 3:
        request.u.getvcpuinfo.vcpu = random.below(2);
        domctl(XEN_DOMCTL_getvcpuinfo, domain.id, request);
        break;
    default: call<rows::sched_op, SCHEDOP_yield>(); break;
    }
}

// How many acts there were.
std::uint32_t live(std::uint64_t seed) {
    Random random(seed);
    const bool is_daring = random.one_in(3);
    const HostileDomain domain(random, share, is_daring);
    if (!expect_equal(domain.trouble, 0)) return 0;
    static ToolActs tools(fresh_page());
    tools.turn_to(domain.id);
    domain.start();
    Patience patience;
    while (!domain.has_ended() && patience.is_left(domain)) {
        act_as_tool(domain, tools, random);
        if (patience.is_asleep()) send_nmi(domain, random.below(2));
    }
    const std::uint32_t done = patience.done();
    tools.let_go();
    expect_equal(domain.destroy(), 0);
    return done;
}

constexpr auto table = std::to_array<Case>({
    {in_words("hardware-assisted guests"), "change nothing but themselves, whatever leaves them", [] {
        if (on_stock_xen()) return skip("emulator's fault: QEMU 7.2 ends itself where a guest of Xen's writes CR8 while an interrupt waits");
        Random random(seed_of_run());
        const std::uint64_t acts = told("acts=", 100'000), lives = told("lives=", 1'000'000'000);
        for (unsigned first = 0; first < 6; ++first) live(random.word());   // what is made once for all of them is there
        const std::uint64_t before = free_pages();
        fill_registers();
        static Own own, found;
        own.take();
        std::uint64_t done = 0, lived = 0;
        for (bool is_whole = true; is_whole && done < acts && lived < lives; ++lived) {
            done += live(random.word());
            found.take();
            is_whole = expect(own == found);
        }
        print(done, " acts in ", lived, " lives");
        expect_free_pages(before);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
