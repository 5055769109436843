// The same instructions in the guest's kernel and in its user mode. Both are ring 3, so the processor treats them alike:
// what differs is what the hypervisor makes of the mode.
#pragma once

#include "user.hpp"

#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string_view>

namespace kit {

enum class Mode { kernel, user };
constexpr std::array both_modes{Mode::kernel, Mode::user};
constexpr std::string_view name_of(Mode mode) { return mode == Mode::kernel ? "kernel" : "user"; }

// Calls code of the .user section in user mode, with user_data for its argument. The frame of what ended it; nothing:
// it returned.
std::optional<Frame> call_as_user(const std::byte* code);

// Calls a function of the .user section that touches nothing but its argument, in the page that both modes have.
template <class Data>
std::optional<Frame> call_in(Mode mode, void (*code)(Data&), Data& data) {
    static_assert(sizeof(Data) <= page_size - 256);   // user mode has its stack there too
    auto& shared_copy = *new (&user_data_page()) Data(data);
    std::optional<Frame> ended;
    if (mode == Mode::user)
        ended = call_as_user(reinterpret_cast<const std::byte*>(code));
    else if (const auto fault = fault_of([&] { code(shared_copy); }))
        ended = fault->frame;
    data = shared_copy;
    return ended;
}

}
