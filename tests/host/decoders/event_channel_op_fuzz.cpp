// Three guests make event channel calls of any kind, write what they like into the memory that they share with Basalt, raise
// interrupts, and begin to die. Whatever they do: no access is out of bounds or to a page that has been let go, no assertion
// fails, the ends of all channels agree, and each call answers and tells what a model of the ports does. One that is refused
// changes nothing that a guest can see.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "abi/xen.hpp"
#include "decoders/event_channel_op_model.hpp"
#include "decoders/world.hpp"
#include "hypercalls/call.hpp"
#include "table/event_channel_op.hpp"

namespace basalt::decoders {
namespace {

// The input, read as long as there is some.
class Input {
public:
    Input(const std::uint8_t* data, std::size_t size) : left_(data, size) {}
    bool over() const { return left_.empty(); }
    std::uint8_t byte() {
        if (left_.empty()) return 0;
        const auto first = left_.front();
        left_ = left_.subspan(1);
        return first;
    }

    // Small numbers are worth most, and those that the ABI gives a meaning.
    std::uint16_t half_word() {
        constexpr auto special = std::to_array<std::uint16_t>(
            {DOMID_SELF, DOMID_IO, DOMID_XEN, DOMID_INVALID, 0xffff, 0x8000, 0xfff, 0x1000, 0x1ff, 0x200, 0x3ff, 0x400});
        constexpr std::uint8_t first_special = 256 - special.size();
        const auto value = byte();
        return value < first_special ? value : special[value - first_special];
    }

private:
    std::span<const std::uint8_t> left_;
};

constexpr std::size_t longest_operand = 24;

void put_operand(Input& input, std::span<GuestPage> memory) {
    std::array<std::uint16_t, longest_operand / 2> halves;
    for (auto& half : halves) half = input.half_word();
    std::memcpy(memory[0].bytes.data(), halves.data(), sizeof(halves));
}

// All that guests can see.
class Seen {
public:
    explicit Seen(World& world) {
        for (std::size_t number = 0; number < World::domain_count; ++number) {
            const auto memory = std::as_bytes(world.memory(number));
            const auto shared = std::as_bytes(std::span(world.domain(number).shared_info, 1));
            bytes_.insert(bytes_.end(), memory.begin(), memory.end());
            bytes_.insert(bytes_.end(), shared.begin(), shared.end());
        }
    }
    bool operator==(const Seen&) const = default;

private:
    std::vector<std::byte> bytes_;
};

// What a call is, and what it does by the model.
class Judged {
public:
    Judged(World& world, EventChannelModel& model, std::size_t caller, std::uint32_t command, std::uint64_t operand)
        : world_(world), model_(model), caller_(caller), command_(command), before_(world) {
        const auto memory = std::as_writable_bytes(world.memory(caller));
        const auto* const row = table::event_channel_op.row(command);
        const std::size_t offset = operand - guest_memory;
        if (row == nullptr) {
            expected_ = refuse(Error::not_implemented);
        } else if (offset + row->operand.size > memory.size()) {
            expected_ = refuse(Error::bad_address);
        } else {
            place_ = memory.subspan(offset, row->operand.size);
            told_.assign(place_.begin(), place_.end());
            expected_ = model.call(caller, command, told_);
            is_told_ = row->operand.way == table::Operand::Way::in_out;
        }
    }

    void by(std::uint64_t answer) const {
        const std::int64_t wanted = expected_ ? 0 : errno_of(expected_.error());
        if (answer != static_cast<std::uint64_t>(wanted)) is_wrong("the answer", static_cast<long>(answer), wanted);
        if (!expected_ && Seen(world_) != before_) is_wrong("what a refused call leaves as it was", 0, 1);
        if (expected_ && is_told_) compare_structures();
        const auto held = static_cast<long>(world_.held_pages()), to_be_held = static_cast<long>(model_.held_pages());
        if (held != to_be_held) is_wrong("guest pages that are held", held, to_be_held);
        if (const auto end = model_.raised(); end && expected_ && !is_pending(*end)) is_wrong("the other end's event", 0, 1);
    }

private:
    void compare_structures() const {
        std::vector<std::byte> told(place_.begin(), place_.end()), wanted = told_;
        EventChannelModel::clear_the_rest(command_, told);
        EventChannelModel::clear_the_rest(command_, wanted);
        const auto [found, expected] = std::ranges::mismatch(told, wanted);
        if (found == told.end()) return;
        std::fprintf(stderr, "at byte %td of the structure: ", found - told.begin());
        is_wrong("what it tells", std::to_integer<long>(*found), std::to_integer<long>(*expected));
    }
    bool is_pending(EventChannelModel::End end) const {
        const auto& words = world_.domain(end.domain).shared_info->evtchn_pending;
        return (words[end.port / 64] >> end.port % 64 & 1) != 0;
    }
    [[noreturn]] void is_wrong(const char* what, long found, long expected) const {
        std::fprintf(stderr, "command %u of domain %zu: not so: %s: found %ld, expected %ld\n", command_, caller_, what, found,
                     expected);
        std::abort();
    }

    World& world_;
    EventChannelModel& model_;
    std::size_t caller_;
    std::uint32_t command_;
    Seen before_;
    Result<> expected_;
    std::span<std::byte> place_;
    std::vector<std::byte> told_;
    bool is_told_ = false;
};

void call(World& world, EventChannelModel& model, Vcpu& caller, Input& input) {
    const std::uint8_t command = input.byte(), where = input.byte();
    put_operand(input, world.memory(world.number_of(caller.domain)));
    Registers registers{};
    registers.rdi = command % 20;
    registers.rsi = guest_memory;
    if (where >= 0xf8) registers.rsi = guest_memory + guest_pages * page_size - (where & 7);   // it ends too early
    const Judged judged(world, model, world.number_of(caller.domain), command % 20, registers.rsi);
    world.as(caller, [&] {
        constexpr int most_steps = 1000;
        for (int step = 0; step < most_steps; ++step)
            if (hypercalls::hypercall<table::event_channel_op>(hypercalls::Call(registers)) != hypercalls::Ending::resume)
                return;
        std::abort();   // it has no end
    });
    judged.by(registers.rax);
}

// A guest writes to what it shares with Basalt: its pages, or its shared_info.
void scribble(World& world, Domain& domain, Input& input) {
    const std::uint8_t what = input.byte();
    const std::size_t offset = input.half_word() % (page_size / 8) * 8;
    std::array<std::uint16_t, 4> word;
    for (auto& half : word) half = input.half_word();
    const std::size_t page = what % (guest_pages + 1);
    auto* const bytes = page < guest_pages ? world.memory(world.number_of(domain))[page].bytes.data()
                                           : reinterpret_cast<std::byte*>(domain.shared_info);
    std::memcpy(bytes + offset, word.data(), sizeof(word));
}

void raise(World& world, Vcpu& vcpu, Input& input) {
    const Virq virq(input.byte() % NR_VIRQS);
    world.as(vcpu, [&] {
        if (input.byte() % 2 == 0)
            vcpu.domain.events.raise_virq(vcpu.events, virq);
        else
            vcpu.domain.events.raise_global_virq(virq);
    });
}

// As the first stage of a domain's end, which its vcpus may not have heard of yet.
void begin_to_die(EventChannelModel& model, Domain& domain) {
    domain.memory.dying.store(true);
    domain.events.refuse_new_ports();
    model.begin_to_die(domain.id.raw);
}

void act(World& world, EventChannelModel& model, Input& input) {
    const std::uint8_t who = input.byte(), what = input.byte();
    Domain& domain = world.domain(who % World::domain_count);
    Vcpu& vcpu = *domain.vcpu(VcpuId(who / World::domain_count % World::vcpus_each));
    if (what < 192) return call(world, model, vcpu, input);
    if (what < 240) return scribble(world, domain, input);
    if (what == 0xff) return begin_to_die(model, domain);
    raise(world, vcpu, input);
}

}  // namespace
}  // namespace basalt::decoders

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    basalt::decoders::World world;
    basalt::decoders::EventChannelModel model(world);
    basalt::decoders::Input input(data, size);
    while (!input.over()) {
        basalt::decoders::act(world, model, input);
        world.audit();
    }
    return 0;
}
