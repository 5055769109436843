// Whose page tables a CPU walks, and who may know a frame by tables that name it.
#pragma once

#include <cstdint>

#include "core/number.hpp"

namespace basalt {

class TablesOf {
public:
    constexpr TablesOf() = default;    // nobody's: in Basalt's own root is nothing of guests
    constexpr TablesOf(DomainId domain, bool hardware) : raw_(domain.raw | somebody_bit | (hardware ? hardware_bit : 0)) {}
    // One's and then another's: which of them is not to be told just now.
    static constexpr TablesOf either() {
        TablesOf tables;
        tables.raw_ = somebody_bit | either_bit;
        return tables;
    }

    constexpr bool nobody() const { return raw_ == 0; }
    constexpr bool are_either() const { return (raw_ & either_bit) != 0; }
    constexpr bool hardware() const { return (raw_ & hardware_bit) != 0; }
    constexpr DomainId domain() const { return DomainId(static_cast<std::uint16_t>(raw_)); }
    friend constexpr bool operator==(TablesOf, TablesOf) = default;

private:
    static constexpr std::uint32_t somebody_bit = 1 << 16;
    static constexpr std::uint32_t hardware_bit = 1 << 17;
    static constexpr std::uint32_t either_bit = 1 << 18;
    std::uint32_t raw_ = 0;
};

// Who beside its owner may know a frame: nobody; domains with the hardware, which map others' frames (the builder of domains,
// most back ends); or they and others.
enum class Others : std::uint8_t { none, hardware, anybody };

struct Knowers {
    DomainId owner{};
    Others others = Others::none;

    constexpr bool include(TablesOf tables) const {
        if (tables.nobody()) return false;
        if (tables.are_either() || others == Others::anybody) return true;
        return tables.domain() == owner || (others == Others::hardware && tables.hardware());
    }
    friend constexpr bool operator==(Knowers, Knowers) = default;
};
inline constexpr Knowers everybody{.others = Others::anybody};

static_assert(!everybody.include({}) && everybody.include({DomainId(5), false}) && everybody.include(TablesOf::either()));
static_assert(Knowers{DomainId(0)}.include({DomainId(0), false}) && !Knowers{DomainId(0)}.include({}));
static_assert(!Knowers{DomainId(1)}.include({DomainId(0), true}) && Knowers{DomainId(1)}.include(TablesOf::either()));
static_assert(Knowers{DomainId(1), Others::hardware}.include({DomainId(0), true}) &&
              !Knowers{DomainId(1), Others::hardware}.include({DomainId(2), false}));

}  // namespace basalt
