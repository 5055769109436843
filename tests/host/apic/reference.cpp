#include "apic/reference.hpp"

namespace basalt::apic::reference {
namespace {

std::uint32_t bits(std::uint32_t word, unsigned from, unsigned to) {
    std::uint32_t value = 0;
    for (unsigned bit = to + 1; bit-- > from;) value = value * 2 + (word >> bit & 1);
    return value;
}

bool share_a_bit(std::uint32_t one, std::uint32_t other, unsigned from, unsigned to) {
    for (unsigned bit = from; bit <= to; ++bit)
        if (bits(one, bit, bit) == 1 && bits(other, bit, bit) == 1) return true;
    return false;
}

bool matches_logically(const Apic& apic, std::uint32_t destination) {
    if (apic.is_x2apic)    // cluster in the upper half, members in the lower one
        return bits(apic.logical, 16, 31) == bits(destination, 16, 31) && share_a_bit(apic.logical, destination, 0, 15);
    const std::uint32_t logical_id = bits(apic.logical, 24, 31);
    const std::uint32_t message_destination = bits(destination, 0, 7);
    switch (bits(apic.format, 28, 31)) {
        case 0b1111: return share_a_bit(logical_id, message_destination, 0, 7);
        case 0b0000:
            return bits(logical_id, 4, 7) == bits(message_destination, 4, 7) &&
                   share_a_bit(logical_id, message_destination, 0, 3);
        default: return false;    // reserved
    }
}

bool is_target(const Machine& machine, const Sent& sent, unsigned which) {
    const Apic& apic = machine[which];
    if (!apic.is_on) return false;
    switch (bits(sent.low, 18, 19)) {
        case 0b01: return which == sent.sender;
        case 0b10: return true;
        case 0b11: return which != sent.sender;
        default: break;
    }
    const std::uint32_t everybody = machine[sent.sender].is_x2apic ? 0xffff'ffff : 0xff;
    if (sent.destination == everybody) return true;
    if (bits(sent.low, 11, 11) == 0) return apic.id == sent.destination;
    return matches_logically(apic, sent.destination);
}

std::optional<unsigned> arbitrated(const Machine& machine, const Sent& sent) {
    for (unsigned priority = 0; priority < 256; ++priority)
        for (unsigned step = 0; step < apics; ++step) {
            const unsigned which = (sent.last_arbitrated + 1 + step) % apics;
            const bool takes_part = is_target(machine, sent, which) && machine[which].is_software_enabled;
            if (takes_part && machine[which].priority == priority) return which;
        }
    return std::nullopt;
}

Received to_each(const Machine& machine, const Sent& sent, Event event) {
    Received received;
    for (unsigned which = 0; which < apics; ++which) {
        const bool takes_it = event.kind != Event::interrupt || machine[which].is_software_enabled;
        if (takes_it && is_target(machine, sent, which)) received.by[which] = event;
    }
    return received;
}

}  // namespace

Received received(const Machine& machine, const Sent& sent) {
    const unsigned vector = bits(sent.low, 0, 7);
    const bool is_level = bits(sent.low, 15, 15) == 1, asserts = bits(sent.low, 14, 14) == 1;
    switch (bits(sent.low, 8, 10)) {
        case 0b000:
            if (vector < 16) return {{}, true};
            return to_each(machine, sent, {Event::interrupt, vector});
        case 0b001: {
            if (vector < 16) return {{}, true};
            Received one;
            if (const auto which = arbitrated(machine, sent)) one.by[*which] = {Event::interrupt, vector};
            return one;
        }
        case 0b100: return to_each(machine, sent, {Event::nmi, 0});
        case 0b101:
            if (is_level && !asserts) return {};    // INIT level de-assert: no effect on this version
            return to_each(machine, sent, {Event::init, 0});
        case 0b110: return to_each(machine, sent, {Event::start_up, vector});
        default: return {};    // SMI goes nowhere, the others are reserved
    }
}

}  // namespace basalt::apic::reference
