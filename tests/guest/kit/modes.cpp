#include "modes.hpp"

asm(R"(
        .section .user, "ax"
user_returned:  ud2
        .previous
)");
extern "C" std::byte user_returned[];

namespace kit {

std::optional<Frame> call_as_user(const std::byte* code) {
    Frame frame = user_frame(code);
    frame.rdi = user_data;
    frame.rsp -= sizeof(std::uint64_t);
    user_data_page().words.back() = in_user(user_returned);
    const Frame after = run_user(frame);
    if (after.vector == 6 && after.rip == in_user(user_returned)) return std::nullopt;
    return after;
}

}
