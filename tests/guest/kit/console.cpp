#include "hypercall.hpp"
#include "memory.hpp"
#include "text.hpp"

extern "C" {
#include <xen/io/console.h>
}

#include <atomic>

namespace kit {

namespace {

// The ring a toolstack gave the domain: whoever reads it is told by an event, and this waits while it is full.
void write_ring(std::string_view text) {
    auto& ring = *reinterpret_cast<xencons_interface*>(page_of(start->console.domU.mfn).words.data());
    evtchn_send_t reader{start->console.domU.evtchn};
    std::atomic_ref read{ring.out_cons}, written{ring.out_prod};
    for (char letter : text) {
        while (written.load() - read.load() == sizeof ring.out) call<rows::sched_op, SCHEDOP_yield>();
        ring.out[MASK_XENCONS_IDX(written.load(), ring.out)] = letter;
        ++written;
    }
    call<rows::event_channel_op, EVTCHNOP_send>(reader);
}

}

void write_console(std::string_view text) {
    if (start->flags & SIF_INITDOMAIN)
        untyped::console_io(CONSOLEIO_write, text.size(), text.data());
    else
        write_ring(text);
}

}

// libc++'s word for "the standard says this throws": no guest of ours means it to.
namespace std::inline _LIBCPP_ABI_NAMESPACE {
void __libcpp_verbose_abort(const char* format, ...) {
    kit::print("kit: ", format);
    __builtin_trap();
}
}
