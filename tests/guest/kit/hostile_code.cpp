#include "hostile_code.hpp"

namespace kit::hostile {
namespace {

// Machine code of a few bytes, the first of which are what counts.
struct Bytes {
    std::uint8_t count;
    std::array<std::uint8_t, 7> byte;
};
template <typename... Some>
constexpr Bytes bytes(Some... some) {
    return {sizeof...(some), {static_cast<std::uint8_t>(some)...}};
}
void put(Slot& slot, const Bytes& some) {
    for (unsigned at = 0; at < some.count; ++at) slot.put({some.byte[at]});
}

std::uint32_t half(Random& random) { return static_cast<std::uint32_t>(random.word()); }
std::uint32_t one_bit(Random& random) { return 1u << random.below(32); }
std::uint32_t some_word(Random& random) {
    switch (random.below(4)) {
        case 0: return half(random);
        case 1: return one_bit(random) - random.below(2);
        case 2: return structures + random.below(page_size);
        default: return random.below(40);
    }
}

void ask_leaf(Slot& slot, Random& random, bool) {
    constexpr auto bases = std::to_array<std::uint32_t>({0, 0, 0x8000'0000, 0x4000'0000, 0x4000'0100});
    constexpr auto prefixes = std::to_array<unsigned>({0x66, 0x67, 0x2e, 0x3e, 0x65, 0xf2, 0xf3});
    slot.load(rax, random.one_in(10) ? half(random) : random.of(bases) + random.below(33));
    slot.load(rcx, random.one_in(8) ? half(random) : random.below(5));
    while (random.one_in(3)) slot.put({random.of(prefixes)});
    slot.put({0x0f, 0xa2});
}

std::uint32_t some_register(Random& random) {
    constexpr auto known = std::to_array<std::uint32_t>(
        {0x10,        0x1b,        0x3a,        0x3b,        0x8b,        0xfe,        0x174,       0x175,       0x176,
         0x179,       0x17a,       0x1a0,       0x1d9,       0x200,       0x201,       0x250,       0x277,       0x2ff,
         0x400,       0x401,       0x6e0,       0xc000'0080, 0xc000'0081, 0xc000'0082, 0xc000'0084, 0xc000'0100, 0xc000'0101,
         0xc000'0102, 0xc000'0103, 0xc001'0015, 0xc001'0114, 0xc001'0117, 0xc001'1029, 0x4000'0000});
    switch (random.below(5)) {
        case 0: return 0x800 + random.below(0x140);
        case 1: return random.below(0x2000) | (random.one_in(2) ? 0xc000'0000 : 0);
        case 2: return random.one_in(4) ? half(random) : 0xc001'0000 + random.below(0x1100);
        default: return random.of(known);
    }
}

void read_register(Slot& slot, Random& random, bool) {
    slot.load(rcx, some_register(random));
    slot.put({0x0f, 0x32});
}

void write_register(Slot& slot, Random& random, bool) {
    slot.load(rcx, some_register(random));
    slot.load(rax, some_word(random));
    slot.load(rdx, random.one_in(3) ? half(random) : 0);
    slot.put({0x0f, 0x30});
}

// The registers of an x2APIC, and its way there and back.
void turn_apic(Slot& slot, Random& random, bool) {
    constexpr auto modes = std::to_array<std::uint32_t>({0x000, 0x800, 0xc00, 0xc00, 0x900, 0xd00, 0x400});
    if (random.one_in(3)) {
        slot.load(rcx, 0x1b), slot.load(rax, apic | random.of(modes)), slot.load(rdx, random.one_in(30) ? half(random) : 0);
        return slot.put({0x0f, 0x30});
    }
    slot.load(rcx, 0x800 + random.below(0x40));
    slot.load(rax, random.one_in(2) ? 0 : some_word(random)), slot.load(rdx, random.one_in(2) ? 0 : random.below(4));
    slot.put({0x0f, random.one_in(2) ? 0x30u : 0x32u});
}

void use_port(Slot& slot, Random& random, bool) {
    slot.load(rdx, random.one_in(2) ? random.below(0x10000) : random.below(0x400));
    if (random.one_in(4)) slot.put({0x66});
    switch (random.below(3)) {
        case 0: return slot.put({random.of(std::to_array<unsigned>({0xec, 0xed, 0xee, 0xef}))});
        case 1: return slot.put({random.of(std::to_array<unsigned>({0xe4, 0xe5, 0xe6, 0xe7})), random.below(256)});
        default: break;
    }
    slot.load(rcx, random.below(5));
    slot.load(rsi, structures + random.below(page_size)), slot.load(rdi, structures + random.below(page_size));
    if (random.one_in(2)) slot.put({0xf3});
    slot.put({random.of(std::to_array<unsigned>({0x6c, 0x6d, 0x6e, 0x6f}))});
}

std::uint32_t some_place(Random& random) {
    constexpr std::uint32_t end_of_memory = HardwareDomain::pages * page_size;
    switch (random.below(6)) {
        case 0: return end_of_memory + random.below(1 << 20);
        case 1:
            return random.one_in(3) ? end_of_memory - random.below(9)
                                    : apic + (random.one_in(2) ? page_size : 0) - random.below(9);
        case 2: return window + random.below(8 * page_size);
        case 3: return 0xc000'0000 + random.below(1 << 30);
        default: return apic + (random.one_in(3) ? random.below(page_size) : random.below(0x40) * 16);
    }
}

// By (%rbx): accesses that a device may meet, and such as end a guest where no memory is.
void touch_device(Slot& slot, Random& random, bool daring) {
    constexpr auto words =
        std::to_array<Bytes>({bytes(0x8a, 0x03), bytes(0x88, 0x03), bytes(0x66, 0x8b, 0x03), bytes(0x66, 0x89, 0x03),
                              bytes(0x8b, 0x03), bytes(0x89, 0x03), bytes(0x8b, 0x03), bytes(0x89, 0x03),
                              bytes(0x48, 0x8b, 0x03), bytes(0x48, 0x89, 0x03), bytes(0x8b, 0x1b)});
    constexpr auto others = std::to_array<Bytes>({bytes(0x0f, 0xb6, 0x03),
                                                  bytes(0x0f, 0xbf, 0x03),
                                                  bytes(0x63, 0x03),
                                                  bytes(0x03, 0x03),
                                                  bytes(0x01, 0x03),
                                                  bytes(0x31, 0x03),
                                                  bytes(0xf0, 0x01, 0x03),
                                                  bytes(0x87, 0x03),
                                                  bytes(0xf0, 0x0f, 0xb1, 0x03),
                                                  bytes(0xf0, 0x0f, 0xc1, 0x03),
                                                  bytes(0xf7, 0x13),
                                                  bytes(0xff, 0x03),
                                                  bytes(0xff, 0x33),
                                                  bytes(0x8f, 0x03),
                                                  bytes(0xa4),
                                                  bytes(0xaa),
                                                  bytes(0xac),
                                                  bytes(0xa6),
                                                  bytes(0xf3, 0xa5),
                                                  bytes(0x0f, 0xba, 0x23, 0x05),
                                                  bytes(0x0f, 0xab, 0x03),
                                                  bytes(0x0f, 0x10, 0x03),
                                                  bytes(0x0f, 0x11, 0x03),
                                                  bytes(0x0f, 0xae, 0x03),
                                                  bytes(0xd9, 0x03),
                                                  bytes(0xdd, 0x3b),
                                                  bytes(0x0f, 0xc7, 0x0b),
                                                  bytes(0x48, 0x0f, 0xc7, 0x0b),
                                                  bytes(0x0f, 0x01, 0x03),
                                                  bytes(0x0f, 0x01, 0x13),
                                                  bytes(0xff, 0x23),
                                                  bytes(0xff, 0xd3),
                                                  bytes(0x0f, 0xae, 0x3b),
                                                  bytes(0x0f, 0x18, 0x03),
                                                  bytes(0x0f, 0xae, 0x23),
                                                  bytes(0x8e, 0xdb),
                                                  bytes(0x0f, 0xb2, 0x23),
                                                  bytes(0x0f, 0x38, 0xf0, 0x03),
                                                  bytes(0xc5, 0xfc, 0x10, 0x03)});
    slot.load(rbx, some_place(random)), slot.load(rax, some_word(random));
    if (!daring || random.one_in(2)) return put(slot, random.of(words));
    slot.put({0x89, 0xde, 0x89, 0xdf});   // rsi and rdi lead there as well
    slot.load(rcx, random.below(4));
    put(slot, random.of(others));
}

// The command register of its local APIC, the high half first.
void send(Slot& slot, Random& random, bool) {
    std::uint32_t command = half(random);
    switch (random.below(6)) {
        case 0: command = (command & 0xc0000) | 0x4600 | (random.one_in(3) ? 0xb + random.below(5) : 0xb); break;
        case 1: command = 0xc4500 | (random.one_in(4) ? command & 0xff : 0); break;
        case 2: command = (command & 0xc0000) | 0x400; break;
        case 3: command = (command & 0xc0fff) | 0x4000; break;
        case 4: command = (command & 0xc0000) | 0x4020 | random.below(0xe0); break;
        default: break;
    }
    slot.load(rbx, apic + 0x310), slot.load(rax, random.one_in(3) ? half(random) : random.below(5) << 24);
    slot.put({0x89, 0x03});
    slot.load(rbx, apic + 0x300), slot.load(rax, command);
    slot.put({0x89, 0x03});
}

// The other one is started again and again, or it would soon be of no use.
void start_other(Slot& slot, Random&, bool) {
    slot.load(rbx, apic + 0x300);
    for (const std::uint32_t command : {0xc4500u, 0xc460bu}) slot.put({0xc7, 0x03}), slot.put_word(command);
}

void write_control(Slot& slot, Random& random, bool daring) {
    constexpr auto of_cr0 = std::to_array<std::uint32_t>({1 << 16, 1 << 18, 1 << 5, 1 << 3, 1 << 2, 1 << 1, 1 << 30});
    switch (random.below(daring ? 9 : 8)) {
        case 0: slot.put({0x0f, 0x20, 0xc0, 0x35}), slot.put_word(random.of(of_cr0)); return slot.put({0x0f, 0x22, 0xc0});
        case 1:
        case 2: slot.put({0x0f, 0x20, 0xe0, 0x35}), slot.put_word(one_bit(random)); return slot.put({0x0f, 0x22, 0xe0});
        case 3: slot.load(rax, top_table | random.below(32)); return slot.put({0x0f, 0x22, 0xd8});
        case 4: slot.load(rax, random.below(16)); return slot.put({0x44, 0x0f, 0x22, 0xc0});
        case 5: slot.load(rax, half(random)); return slot.put({0x44, 0x0f, random.one_in(2) ? 0x20u : 0x22u, 0xc0});
        case 6:
            slot.load(rcx, random.one_in(8) ? 1 : 0), slot.load(rax, random.one_in(3) ? half(random) : random.below(16));
            slot.load(rdx, 0);
            return slot.put({0x0f, 0x01, 0xd1});
        case 7: return slot.put({0x0f, 0x20, 0xc0 + random.below(64)});
        default: slot.load(rax, half(random)); return slot.put({0x0f, 0x22, 0xc0 + random.below(64)});
    }
}

// DR7, which is DR5 too, is left alone: QEMU 7.2 forgets which breakpoints it has made for a guest of SVM's, frees one twice,
// and ends.
void write_debug(Slot& slot, Random& random, bool) {
    constexpr auto numbers = std::to_array<unsigned>({0, 1, 2, 3, 4, 6});

    slot.load(rax, random.one_in(2) ? slots + random.below(slot_bytes * slot_count) : some_word(random));
    slot.put({0x0f, random.one_in(4) ? 0x21u : 0x23u, 0xc0 + random.of(numbers) * 8});
}

bool is_left_out(std::uint32_t number, std::uint32_t command, bool daring) {
    if (number == __HYPERVISOR_console_io) return true;   // nobody shall take it for a test's own words
    if (number == __HYPERVISOR_sched_op) return !daring && (command == SCHEDOP_shutdown || command > SCHEDOP_poll);
    return number == __HYPERVISOR_vcpu_op && command == VCPUOP_down && !daring;
}

void call(Slot& slot, Random& random, bool daring) {
    std::uint32_t number, command;
    do {
        number = random.one_in(12) ? half(random) : random.below(56);
        command = random.one_in(8) ? some_word(random) : random.below(36);
    } while (is_left_out(number, command, daring));
    slot.load(rax, number), slot.load(rdi, command);
    slot.load(rsi, random.one_in(3) ? some_word(random) : structures + random.below(page_size));
    slot.load(rdx, random.one_in(3) ? some_word(random) : random.below(4));
    slot.put({0x41, 0xba}), slot.put_word(some_word(random));   // r10d
    slot.put({0x41, 0xb8}), slot.put_word(some_word(random));   // r8d
    slot.put({0x0f, 0x01, 0xd9});
}

// Behind a timer of some microseconds.
void halt(Slot& slot, Random& random, bool) {
    slot.load(rbx, apic + 0x320), slot.put({0xc7, 0x03}), slot.put_word(0x60 | random.below(2) << 17);
    slot.load(rbx, apic + 0x380), slot.put({0xc7, 0x03}), slot.put_word(random.below(20'000));
    slot.put({0xfb, 0xf4});
}

// What leaves the guest becomes something else meanwhile, here or where the other vcpu is.
void rewrite(Slot& slot, Random& random, bool) {
    constexpr auto exiting = std::to_array<std::uint32_t>({0x9090'a20f, 0x9090'320f, 0x9090'300f, 0x9090'90ed, 0x90d9'010f,
                                                           0xa20f'2e66, 0x9090'038b, 0x9090'0389, 0x90f4'fb90, 0x9090'0b0f});
    const std::uint32_t own = slot.here() + 18;
    const std::uint32_t other = slots + random.below(slot_count - 1) * slot_bytes + 7 + random.below(40);
    slot.store(random.one_in(8) ? other : own, random.of(exiting));
    slot.load(rcx, some_register(random));
    slot.put({0x31, 0xc0});
    slot.put_word(random.of(exiting));
}

void change_tables(Slot& slot, Random& random, bool daring) {
    const std::uint32_t entry =
        random.one_in(3) ? half(random) : random.below(24) << 12 | 7 | (random.one_in(4) ? half(random) & 0xfff : 0);
    const std::uint32_t low = small_pages + random.below(8) * 8;
    const std::uint32_t high =
        (random.one_in(2) ? first_gigabyte + (3 + random.below(509)) * 8 : last_gigabyte + random.below(500) * 8);
    slot.store(daring && random.one_in(8) ? high : low, entry);
    if (random.one_in(6)) slot.store(low + 4, random.one_in(2) ? half(random) : 0);
    slot.load(rbx, window + random.below(8) * page_size);
    if (random.one_in(2)) slot.put({0x0f, 0x01, 0x3b});
    put(slot, random.of(std::to_array<Bytes>(
                  {bytes(0x8b, 0x03), bytes(0x89, 0x03), bytes(0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8), bytes(0x90)})));
    if (daring && random.one_in(8)) slot.put({0xff, 0xe3});
}

// Everything else that is not for everybody: most of it ends in an exception. LTR is never of selector 0: QEMU 7.2 loads that
// instead of #GP, and ends itself where such a task's stack is wanted.
void misbehave(Slot& slot, Random& random, bool daring) {
    constexpr auto some = std::to_array<Bytes>({bytes(0x0f, 0x0b),
                                                bytes(0xcc),
                                                bytes(0xcd, 0x21),
                                                bytes(0xcd, 0x80),
                                                bytes(0xf1),
                                                bytes(0x31, 0xc9, 0xf7, 0xf1),
                                                bytes(0x48, 0xcf),
                                                bytes(0x48, 0xcb),
                                                bytes(0x0f, 0x05),
                                                bytes(0x0f, 0x34),
                                                bytes(0x48, 0x0f, 0x07),
                                                bytes(0x48, 0x0f, 0x35),
                                                bytes(0x0c, 0x08, 0x0f, 0x00, 0xd8),
                                                bytes(0x0f, 0x00, 0xd0),
                                                bytes(0x0f, 0x01, 0xf8),
                                                bytes(0x0f, 0x01, 0xd8),
                                                bytes(0x0f, 0x01, 0xda),
                                                bytes(0x0f, 0x01, 0xdb),
                                                bytes(0x0f, 0x01, 0xdc),
                                                bytes(0x0f, 0x01, 0xdd),
                                                bytes(0x0f, 0x01, 0xde),
                                                bytes(0x0f, 0x01, 0xdf),
                                                bytes(0x0f, 0x01, 0xc1),
                                                bytes(0x0f, 0x01, 0xc2),
                                                bytes(0x0f, 0x01, 0xc8),
                                                bytes(0x0f, 0x01, 0xc9),
                                                bytes(0x0f, 0xaa),
                                                bytes(0x0f, 0x33),
                                                bytes(0x0f, 0x01, 0xf9),
                                                bytes(0x0f, 0x31),
                                                bytes(0x0f, 0x08),
                                                bytes(0x0f, 0x09),
                                                bytes(0x0f, 0x37),
                                                bytes(0xf3, 0x0f, 0xc7, 0xf8),
                                                bytes(0x0f, 0xc7, 0xf0),
                                                bytes(0x66, 0x0f, 0x38, 0x82, 0x03),
                                                bytes(0xfa),
                                                bytes(0xfb),
                                                bytes(0x0f, 0x01, 0xd0),
                                                bytes(0x0f, 0x06),
                                                bytes(0x0f, 0x01, 0xf0),
                                                bytes(0x0f, 0x01, 0xe0),
                                                bytes(0xf3, 0x90),
                                                bytes(0x8e, 0xd8),
                                                bytes(0x8e, 0xe0),
                                                bytes(0xf3, 0x0f, 0xae, 0xd0),
                                                bytes(0x0f, 0x01, 0xca),
                                                bytes(0x0f, 0xae, 0xe8),
                                                bytes(0x9b, 0xdb, 0xe3),
                                                bytes(0xd9, 0xe8, 0xde, 0xf9),
                                                bytes(0xfb, 0xf4),
                                                bytes(0x0f, 0xff)});
    slot.load(rax, some_word(random)), slot.load(rcx, some_word(random)), slot.load(rbx, structures + random.below(page_size));
    switch (random.below(daring ? 8 : 6)) {
        case 0:
            slot.put({0xbc}), slot.put_word(structures + 0x800), slot.put({0x68}), slot.put_word(half(random));
            return slot.put({0x9d});
        case 1:
            slot.put({0xbc}), slot.put_word(structures + 0x800), slot.put({0x6a, 0x18, 0x68}), slot.put_word(slot.here() + 8);
            slot.put({0x48, 0xcb, 0x90, 0x90, 0x0f, 0xa2, 0x8b, 0x03});
            return;   // lretq: what follows is of 32 bits
        case 2:
            slot.put({0x6a, random.one_in(2) ? 0x20u : random.below(256) & 0x7f, 0x68}), slot.put_word(0);
            return slot.put({0x48, 0xcb});   // a task's selector
        case 6: slot.load_wide(rsp, random.word()); return slot.put({random.one_in(2) ? 0x50u : 0xccu});
        case 7: return slot.put({0x0f, 0x01, random.of(std::to_array<unsigned>({0x13, 0x1b}))});   // lgdt, lidt of anything
        default: return put(slot, random.of(some));
    }
}

struct Kind {
    unsigned weight;
    void (*put)(Slot&, Random&, bool);
};
constexpr auto kinds = std::to_array<Kind>({{10, ask_leaf},
                                            {8, read_register},
                                            {8, write_register},
                                            {4, turn_apic},
                                            {8, use_port},
                                            {16, touch_device},
                                            {8, send},
                                            {2, start_other},
                                            {6, write_control},
                                            {3, write_debug},
                                            {10, call},
                                            {3, halt},
                                            {4, rewrite},
                                            {6, change_tables},
                                            {10, misbehave}});

}

void put_random_act(Slot& slot, Random& random, bool daring) {
    unsigned total = 0;
    for (const Kind& kind : kinds) total += kind.weight;
    unsigned left = random.below(total);
    for (const Kind& kind : kinds) {
        if (left < kind.weight) return kind.put(slot, random, daring);
        left -= kind.weight;
    }
}

}
