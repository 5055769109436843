#include "devices/pirqs.hpp"

#include <atomic>
#include <bit>

#include "debug/log.hpp"
#include "devices/interrupts.hpp"
#include "devices/local_apic.hpp"
#include "devices/pci_config.hpp"
#include "devices/routes.hpp"
#include "devices/serial.hpp"
#include "machine/cpu.hpp"

namespace basalt {
namespace {

constinit Guarded<Routes, Rank::interrupt_routes> all_routes;

// What an interrupt needs to know, in one word.
struct Target {
    bool live = false;
    bool level = false;
    DomainId domain{};
    Pirq pirq{};

    constexpr std::uint64_t word() const {
        return std::uint64_t{live} | std::uint64_t{level} << 1 | std::uint64_t{domain.raw} << 16 |
               std::uint64_t{pirq.raw} << 32;
    }
    static constexpr Target of(std::uint64_t word) {
        return {(word & 1) != 0, (word & 2) != 0, DomainId(static_cast<std::uint16_t>(word >> 16)),
                Pirq(static_cast<std::uint32_t>(word >> 32))};
    }
};
constinit std::array<std::atomic<std::uint64_t>, 256> targets{};

void aim(const Route& route, Pirq pirq) {
    const Target target{route.bound, route.level, route.owner, pirq};
    targets[route.vector].store(target.word(), std::memory_order_release);
}

// Physical destinations have eight bits; higher APIC ids need interrupt remapping, and the first CPU stands in.
std::uint8_t destination_of(CpuId cpu) {
    const auto id = cpu_of(cpu).apic_id;
    return static_cast<std::uint8_t>(id <= 0xfe ? id : cpu_of(CpuId(0)).apic_id);
}

}  // namespace

MsiMessage message_of(const Route& route) { return msi_message(route.vector, destination_of(route.cpu)); }

namespace {

Redirection redirection_of(const Route& route) {
    return {.vector = route.vector,
            .destination = destination_of(route.cpu),
            .level = route.level,
            .active_low = route.active_low,
            .masked = !route.bound || route.waiting};
}

// Makes the hardware say what the route says.
void program(const Route& route, Pirq pirq) {
    if (route.kind == Route::Kind::line) {
        static_cast<void>(write_redirection(Gsi(pirq.raw), redirection_of(route)));
        return;
    }
    route.slot.set_masked(true);
    route.slot.write(message_of(route));
    if (route.bound) route.slot.set_masked(false);
}

Result<Route*> owned(Routes& all, DomainId domain, Pirq pirq) {
    if (pirq.raw >= pirq_end || !all.of[pirq.raw].belongs_to(domain)) return refuse(Error::invalid);
    return &all.of[pirq.raw];
}

// A line's number stays the line's; a message's is not given out before its port is closed (unbind_pirq): the next one
// could not be bound.
void release(Routes& all, Pirq pirq) {
    auto& route = all.of[pirq.raw];
    const bool kept = route.bound && route.kind == Route::Kind::message;
    if (route.vector != 0) {
        route.bound = false;
        aim(route, pirq);
        if (route.kind == Route::Kind::line)
            set_masked(Gsi(pirq.raw), true);
        else
            route.slot.set_masked(true);
        all.vectors.give_back(route.vector);
    }
    route = kept ? Route{.kind = Route::Kind::kept, .owner = route.owner} : Route{};
}

// Without a word from anyone: ISA as the firmware has it, PCI level and active low.
Shape shape_of(const Routes& all, Gsi gsi) {
    if (gsi.raw < all.shapes.size() && all.shapes[gsi.raw].known) return all.shapes[gsi.raw];
    if (const auto isa = isa_line_at(gsi)) return {true, isa->level, isa->active_low};
    return {true, true, true};
}

// A run of unused pirqs above the lines.
std::optional<Pirq> unused(const Routes& all, unsigned count) {
    unsigned run = 0;
    for (auto at = gsi_end(); at < pirq_end; ++at) {
        run = all.of[at].kind == Route::Kind::none ? run + 1 : 0;
        if (run == count) return Pirq(at + 1 - count);
    }
    return {};
}

Result<MessageSlot> slot_for(Routes& all, const MessageRequest& request) {
    auto* device = TRY(known_device(all, request.function));
    const auto capability = request.extended ? device->msix : device->msi;
    if (capability == 0) return refuse(Error::no_device);
    MessageSlot slot{
        .function = request.function, .capability = capability, .extended = request.extended, .entry = request.entry};
    if (request.extended) {
        if (request.entry >= device->table_entries) return refuse(Error::invalid);
        slot.table_entry = TRY(table_of(*device)) + request.entry * pci::msix_entry_size;
    }
    return slot;
}

bool slot_is_taken(const Routes& all, const MessageRequest& request) {
    for (const auto& route : all.of)
        if (route.kind == Route::Kind::message && route.slot.function == request.function &&
            (!request.extended || !route.slot.extended || route.slot.entry == request.entry))
            return true;
    return false;
}

// How many messages the function may use is a field that only the hypervisor writes.
Result<> allow_messages(const MessageSlot& slot, unsigned count) {
    const auto at = static_cast<std::uint16_t>(slot.capability + 2);
    const pci::MsiControl control{static_cast<std::uint16_t>(read_pci(slot.function, at, 2))};
    if (count > control.capable()) return refuse(Error::out_of_range);
    const auto log2 = static_cast<unsigned>(std::countr_zero(std::bit_ceil(count)));
    write_pci(slot.function, at, 2, control.with_count(log2).word);
    return {};
}

}  // namespace

Guarded<Routes, Rank::interrupt_routes>& routes() { return all_routes; }

void release_messages(Routes& all, pci::Function function) {
    for (Pirq pirq(0); pirq.raw < pirq_end; ++pirq)
        if (const auto& route = all.of[pirq.raw]; route.kind == Route::Kind::message && route.slot.function == function)
            release(all, pirq);
}

Result<> shape_line(Gsi gsi, bool level, bool active_low) {
    if (!gsi_exists(gsi)) return refuse(Error::invalid);
    return all_routes.with([=](Routes& all) -> Result<> {
        if (gsi.raw >= all.shapes.size()) return refuse(Error::invalid);
        auto& route = all.of[gsi.raw];
        if (route.bound || all.shapes[gsi.raw].known) return refuse(Error::exists);
        all.shapes[gsi.raw] = {true, level, active_low};
        route.level = level;
        route.active_low = active_low;
        return {};
    });
}

Result<Pirq> map_line(DomainId domain, Gsi gsi) {
    if (!gsi_exists(gsi) || gsi.raw >= pirq_end) return refuse(Error::invalid);
    return all_routes.with([=](Routes& all) -> Result<Pirq> {
        auto& route = all.of[gsi.raw];
        if (route.belongs_to(domain)) return Pirq(gsi.raw);
        if (route.kind != Route::Kind::none) return refuse(Error::exists);
        const auto shape = shape_of(all, gsi);
        route = {.kind = Route::Kind::line, .owner = domain, .level = shape.level, .active_low = shape.active_low};
        return Pirq(gsi.raw);
    });
}

Result<Pirq> map_message(DomainId domain, const MessageRequest& request) {
    const unsigned count = request.count;
    if (count == 0 || count > 32 || (request.extended && count != 1)) return refuse(Error::invalid);
    return all_routes.with([&](Routes& all) -> Result<Pirq> {
        const auto slot = TRY(slot_for(all, request));
        if (slot_is_taken(all, request)) return refuse(Error::exists);
        const auto first = unused(all, count);
        if (!first) return refuse(Error::no_space);
        if (!request.extended) TRY(allow_messages(slot, count));
        const auto vector = all.vectors.take(std::bit_ceil(count));
        if (!vector) return refuse(Error::no_space);
        for (unsigned each = std::bit_ceil(count); each > count; --each)
            all.vectors.give_back(static_cast<std::uint8_t>(*vector + each - 1));
        for (unsigned each = 0; each < count; ++each) {
            auto& route = all.of[first->raw + each];
            route = {.kind = Route::Kind::message,
                     .owner = domain,
                     .vector = static_cast<std::uint8_t>(*vector + each),
                     .slot = slot,
                     .group = static_cast<std::uint8_t>(each == 0 ? count : 0)};
            if (!request.extended) route.slot.entry = static_cast<std::uint16_t>(each);
            program(route, *first + each);
        }
        return *first;
    });
}

// Messages allocated together go together, by their first alone: so all of a group are there, and its owner's.
Result<> unmap_pirq(DomainId domain, Pirq pirq) {
    return all_routes.with([=](Routes& all) -> Result<> {
        const auto group = TRY(owned(all, domain, pirq))->group;
        if (group == 0) return refuse(Error::busy);
        for (unsigned each = 0; each < group; ++each) release(all, pirq + each);
        return {};
    });
}

Result<> bind_pirq(DomainId domain, Pirq pirq, CpuId cpu) {
    if (pirq.raw >= pirq_end) return refuse(Error::invalid);
    return all_routes.with([=](Routes& all) -> Result<> {
        auto& route = all.of[pirq.raw];
        if (!route.belongs_to(domain)) return refuse(Error::not_permitted);
        if (route.bound) return refuse(Error::busy);
        if (route.kind == Route::Kind::line && serial_owns_line(Gsi(pirq.raw))) return refuse(Error::busy);
        if (route.vector == 0) {
            const auto vector = all.vectors.take();
            if (!vector) return refuse(Error::no_space);
            route.vector = *vector;
        }
        route.bound = true;
        route.waiting = false;
        route.cpu = cpu;
        aim(route, pirq);
        program(route, pirq);
        return {};
    });
}

void unbind_pirq(DomainId domain, Pirq pirq) {
    all_routes.with([=](Routes& all) {
        if (auto& kept = all.of[pirq.raw]; kept.kind == Route::Kind::kept && kept.owner == domain) kept = {};
        const auto route = owned(all, domain, pirq);
        if (!route || !(*route)->bound) return;
        (*route)->bound = false;
        (*route)->waiting = false;
        program(**route, pirq);
        aim(**route, pirq);
    });
}

void move_pirq(DomainId domain, Pirq pirq, CpuId cpu) {
    all_routes.with([=](Routes& all) {
        const auto route = owned(all, domain, pirq);
        if (!route || (*route)->cpu == cpu) return;
        (*route)->cpu = cpu;
        if ((*route)->vector != 0) program(**route, pirq);
    });
}

Result<> end_pirq(DomainId domain, Pirq pirq) {
    return all_routes.with([=](Routes& all) -> Result<> {
        auto& route = *TRY(owned(all, domain, pirq));
        if (!route.waiting) return {};
        route.waiting = false;
        set_masked(Gsi(pirq.raw), false);
        return {};
    });
}

bool pirq_needs_end(DomainId domain, Pirq pirq) {
    return all_routes.with([=](Routes& all) {
        const auto route = owned(all, domain, pirq);
        return route && (*route)->kind == Route::Kind::line && (*route)->level;
    });
}

void release_pirqs(DomainId domain) {
    all_routes.with([=](Routes& all) {
        for (Pirq pirq(0); pirq.raw < pirq_end; ++pirq)
            if (all.of[pirq.raw].belongs_to(domain)) release(all, pirq);
    });
}

std::optional<DomainId> owner_of(Pirq pirq) {
    return all_routes.with([=](Routes& all) -> std::optional<DomainId> {
        const auto& route = all.of[pirq.raw];
        return route.kind == Route::Kind::none ? std::nullopt : std::optional(route.owner);
    });
}

// A level interrupt would come again as soon as it is ended here, so its line is masked first.
void device_interrupt(std::uint8_t vector) {
    const auto target = Target::of(targets[vector].load(std::memory_order_acquire));
    if (target.live && target.level) {
        all_routes.with([target](Routes& all) {
            auto& route = all.of[target.pirq.raw];
            if (!route.bound) return;
            route.waiting = true;
            set_masked(Gsi(target.pirq.raw), true);
        });
    }
    end_interrupt();
    if (target.live) deliver_pirq(target.domain, target.pirq);
}

}  // namespace basalt
