// Three guests make event channel calls of any kind, write what they like into the memory that they share with Basalt, and
// raise interrupts. Whatever they do: no access is out of bounds, no assertion fails, and the ends of all channels agree.
#include <algorithm>
#include <array>
#include <cstring>

#include "abi/xen.hpp"
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

void call(World& world, Vcpu& caller, Input& input) {
    const std::uint8_t command = input.byte(), where = input.byte();
    put_operand(input, world.memory(world.number_of(caller.domain)));
    Registers registers{};
    registers.rdi = command % 20;
    registers.rsi = guest_memory;
    if (where >= 0xf8) registers.rsi = guest_memory + guest_pages * page_size - (where & 7);   // it ends too early
    world.as(caller, [&] {
        constexpr int most_steps = 1000;
        for (int step = 0; step < most_steps; ++step)
            if (hypercalls::hypercall<table::event_channel_op>(hypercalls::Call(registers)) != hypercalls::Ending::resume)
                return;
        std::abort();   // it has no end
    });
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

void act(World& world, Input& input) {
    const std::uint8_t who = input.byte(), what = input.byte();
    Domain& domain = world.domain(who % World::domain_count);
    Vcpu& vcpu = *domain.vcpu(VcpuId(who / World::domain_count % World::vcpus_each));
    if (what < 192) return call(world, vcpu, input);
    if (what < 240) return scribble(world, domain, input);
    raise(world, vcpu, input);
}

}  // namespace
}  // namespace basalt::decoders

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    basalt::decoders::World world;
    basalt::decoders::Input input(data, size);
    while (!input.over()) {
        basalt::decoders::act(world, input);
        world.audit();
    }
    return 0;
}
