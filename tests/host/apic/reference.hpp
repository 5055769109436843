// Who receives what of an interrupt command, told a second time: slowly, bit by bit, in the order of the manuals' own text, and
// with nothing of the room but numbers. SDM 11.6.1 to 11.6.3, 11.12.9 and 11.12.10.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>

namespace basalt::apic::reference {

struct Apic {
    std::uint32_t id = 0;
    bool is_x2apic = false, is_on = true, is_software_enabled = true;
    std::uint32_t logical = 0;   // the register
    std::uint32_t format = 0xffff'ffff;
    unsigned priority = 0;   // PPR
};

struct Event {
    enum Kind { interrupt, nmi, init, start_up } kind = interrupt;
    unsigned vector = 0;
    auto operator<=>(const Event&) const = default;
};

struct Received {
    std::map<unsigned, Event> by;   // which of the machine's APICs receives what
    bool sender_errs = false;   // "send illegal vector"
    auto operator<=>(const Received&) const = default;
};

inline constexpr unsigned apics = 8;
using Machine = std::array<Apic, apics>;

struct Sent {
    unsigned sender = 0;
    std::uint32_t low = 0;
    std::uint32_t destination = 0;   // 8 bits of an xAPIC's, 32 of an x2APIC's
    unsigned last_arbitrated = 0;   // who had a lowest-priority interrupt before
};

Received received(const Machine& machine, const Sent& sent);

}   // namespace basalt::apic::reference
