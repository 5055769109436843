// Whom an interrupt message is for: SDM 11.6.2 and 11.12.9, AMD APM volume 2, chapter 16.
#pragma once

#include <cstdint>
#include <optional>

namespace basalt::apic {

// What a local APIC answers to. A word of its own, so that whoever sends can look at it without stopping the vcpu.
struct Address {
    enum class Model : std::uint8_t {
        disabled,    // to nothing
        flat,
        cluster,
        physical,    // by its id alone: an xAPIC with a format that the manuals reserve
        extended,    // x2APIC
    };
    std::uint32_t logical = 0;    // 8 bits, or 32 of an x2APIC
    std::uint8_t id = 0;
    Model model = Model::disabled;

    constexpr bool operator==(const Address&) const = default;
};
static_assert(sizeof(Address) == 8);

enum class Shorthand : std::uint8_t { none, self, all, others };    // bits 18 and 19 of the command register

struct Destination {
    Shorthand shorthand = Shorthand::none;    // then the rest means nothing
    bool logical = false;
    bool wide = false;    // an x2APIC's: 32 bits
    std::uint32_t id = 0;

    constexpr bool is_broadcast() const { return id == (wide ? 0xffff'ffff : 0xff); }
    constexpr bool operator==(const Destination&) const = default;
};

// Of an IO-APIC's entry or of an MSI.
constexpr Destination message_destination(std::uint8_t id, bool logical) { return {Shorthand::none, logical, false, id}; }

constexpr bool is_logically_addressed(const Address& apic, std::uint32_t id) {
    switch (apic.model) {
        case Address::Model::flat: return (apic.logical & id & 0xff) != 0;
        case Address::Model::cluster: return ((apic.logical ^ id) & 0xf0) == 0 && (apic.logical & id & 0xf) != 0;
        case Address::Model::extended: return (apic.logical ^ id) >> 16 == 0 && (apic.logical & id & 0xffff) != 0;
        case Address::Model::physical:
        case Address::Model::disabled: return false;
    }
    return false;
}

// `is_sender`: it is the APIC that sends the message.
constexpr bool is_addressed(const Address& apic, const Destination& destination, bool is_sender) {
    if (apic.model == Address::Model::disabled) return false;
    switch (destination.shorthand) {
        case Shorthand::self: return is_sender;
        case Shorthand::all: return true;
        case Shorthand::others: return !is_sender;
        case Shorthand::none: break;
    }
    if (destination.is_broadcast()) return true;
    return destination.logical ? is_logically_addressed(apic, destination.id) : destination.id == apic.id;
}

// What an interrupt command asks for (SDM 11.6.1), of what has an effect here.
struct Command {
    enum class Mode : std::uint8_t { fixed = 0, lowest_priority = 1, nmi = 4, init = 5, start_up = 6 };
    Mode mode = Mode::fixed;
    std::uint8_t vector = 0;    // of start_up: the page where the vcpu begins
    Destination to;

    constexpr bool operator==(const Command&) const = default;
};

// The one of `count` vcpus that a message for the lowest priority goes to: addressed, enabled, and of the lowest processor
// priority; of equals the first after `last`, which had such a message last. `apic_of(index)` is null where no vcpu is.
template <typename ApicOf>
constexpr std::optional<unsigned> lowest_priority(const Destination& to, std::optional<unsigned> sender, unsigned count,
                                                  unsigned last, ApicOf&& apic_of) {
    std::optional<unsigned> best;
    unsigned lowest = 0x100;
    for (unsigned step = 1; step <= count; ++step) {
        const unsigned index = (last + step) % count;
        const auto* const apic = apic_of(index);
        if (!apic || !apic->is_enabled() || !is_addressed(apic->address(), to, sender == index)) continue;
        if (const unsigned priority = apic->processor_priority(); priority < lowest) {
            best = index;
            lowest = priority;
        }
    }
    return best;
}

}  // namespace basalt::apic
