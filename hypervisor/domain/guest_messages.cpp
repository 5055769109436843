#include "domain/guest_messages.hpp"

#include "core/once.hpp"

namespace basalt {
namespace {

constinit Once<Levels> told;

bool includes(std::optional<Level> most, Level level) { return most && level <= *most; }

}  // namespace

void tell_about_guests(Levels levels) { told.set(levels); }

bool may_tell_about(Domain& domain, Level level) {
    if (domain.privileged || includes(told->always, level)) return true;
    if (!includes(told->limited, level)) return false;
    const auto leave = domain.messages.with([](RateLimit& limit) { return limit.take(system_time().raw); });
    if (leave && *leave != 0) log(level, "d{}: {} messages about it were not told", domain.id, *leave);
    return leave.has_value();
}

}  // namespace basalt
