#include "keys/keys.hpp"

#include <array>

#include "keys/tell.hpp"
#include "devices/serial.hpp"
#include "domain/audit.hpp"

namespace basalt {
namespace {

void tell_keys();
void tell_everything();

constexpr auto keys = std::to_array<Key>({
    {'*', "all of the reports below", tell_everything},
    {'a', "an audit of all frames, ports and grants", audit_soon},
    {'d', "this CPU's registers", tell_registers},
    {'e', "event channels", tell_event_channels},
    {'g', "grant tables", tell_grants},
    {'h', "these keys", tell_keys},
    {'l', "locks: how long each was held and waited for, since this key was first pressed", tell_locks},
    {'m', "memory", tell_memory},
    {'q', "domains and their vcpus", tell_domains},
    {'r', "run queues", tell_run_queues},
});

void tell_keys() {
    for (const Key& key : keys) tell("  '{}': {}", key.letter, key.effect);
}

void tell_everything() {
    for (const Key& key : keys)
        if (key.act != tell_everything && key.act != tell_keys) press_key(key.letter);
}

}  // namespace

void press_key(char letter) {
    for (const Key& key : keys) {
        if (key.letter != letter) continue;
        tell("'{}' pressed: {}", letter, key.effect);
        return key.act();
    }
}

void console_key(char letter) { press_key(letter); }

}  // namespace basalt
