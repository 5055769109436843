#include "debug/panic.hpp"

#include <__verbose_abort>
#include <atomic>

#include "core/assert.hpp"

namespace basalt {
namespace {

constexpr std::uint32_t nobody = ~std::uint32_t{0};
constinit std::atomic<std::uint32_t> owner{nobody};

[[noreturn]] void halt_for_good() {
    for (;;) asm volatile("cli; hlt");
}

}  // namespace

void panic_begins() {
    auto expected = nobody;
    const auto me = panicking_cpu();
    if (!owner.compare_exchange_strong(expected, me)) {
        if (expected == me) reset_after_panic(false);   // a panic within the panic: nothing more can be said
        halt_for_good();
    }
    stop_other_cpus();
    log_without_lock();
    log(Level::error, "****************************************");
    log(Level::error, "Panic on CPU {}:", me);
}

void panic_ends() {
    log(Level::error, "****************************************");
    reset_after_panic(true);
}

bool panic_is_under_way() { return owner != nobody; }

void assertion_failed(const char* claim, const char* file, int line) {
    panic("This should hold: {} ({}:{})", claim, file, line);
}

}  // namespace basalt

_LIBCPP_BEGIN_NAMESPACE_STD

[[noreturn]] void __libcpp_verbose_abort(const char* what, ...) { basalt::panic("libc++: {}", what); }

_LIBCPP_END_NAMESPACE_STD

extern "C" [[noreturn]] void __cxa_pure_virtual() { basalt::panic("a pure virtual function was called"); }
