#include "boot/commit_fault.hpp"

#include <algorithm>
#include <array>

#include "core/assert.hpp"
#include "debug/panic.hpp"
#include "machine/image.hpp"
#include "memory/allocator.hpp"
#include "memory/frame.hpp"

namespace basalt {
namespace {

struct Fault {
    std::string_view name;
    void (*commit)();
};

void write_nowhere() { *reinterpret_cast<volatile int*>(8) = 1; }

void write_text() { *reinterpret_cast<volatile std::byte*>(text_start) = std::byte{0}; }

// Until the guard page: the page fault finds no stack either, and becomes a double fault.
[[gnu::noinline]] unsigned descend(volatile unsigned* above) {
    if (*above == ~0u) return 0;
    volatile unsigned here[64] = {*above + 1};
    return descend(here) + here[0];
}
void use_up_stack() {
    volatile unsigned first = 0;
    descend(&first);
}

void assert_falsehood() {
    const volatile bool truth = false;
    ASSERT(truth);
}

void just_panic() { panic("as the command line asked"); }

// Something has hold of a frame that was a domain's, and nobody knows what: the audit at the end does.
void lose_reference() {
    const auto mfn = allocate_frames();
    if (!mfn) return;
    frame(*mfn).share_with(DomainId(0));
    static_cast<void>(frame(*mfn).apply([](FrameWord word) { return word.take_reference(); }));
    frame(*mfn).unshare();
}

constexpr auto faults = std::to_array<Fault>({
    {"write", write_nowhere},
    {"text", write_text},
    {"stack", use_up_stack},
    {"assertion", assert_falsehood},
    {"panic", just_panic},
    {"reference", lose_reference},
});
static_assert(std::ranges::equal(faults, fault_names, {}, &Fault::name));

}  // namespace

void commit_fault(std::string_view name) {
    const auto fault = std::ranges::find(faults, name, &Fault::name);
    if (fault != faults.end()) fault->commit();
}

}  // namespace basalt
