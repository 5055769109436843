#include "hostile_domain.hpp"

#include "case.hpp"
#include "hostile_code.hpp"

#include <cstring>

namespace kit {

extern "C" const std::byte hostile_start[], hostile_end[], hostile_low[], hostile_low_end[];
extern "C" const std::byte hostile_fault[], hostile_fault_with_error[], hostile_interrupt[], hostile_low_fault[];

namespace {

using namespace hostile;

Page& cleared() {
    static Page& page = fresh_page();
    page = {};
    return page;
}

void put(Page& page, std::size_t at, const auto& value) {
    memcpy(reinterpret_cast<std::byte*>(&page) + at, &value, sizeof(value));
}

std::uint64_t address_of(const std::byte* label) { return HardwareDomain::code * page_size + (label - hostile_start); }

}

HostileDomain::HostileDomain(Random& random, std::uint32_t share, bool daring)
    : HardwareDomain({hostile_start, hostile_end}, 0, Mode::bits_64, 2) {
    if (trouble != 0) return;
    lay_out_tables();
    lay_out_gates();
    lay_out_structures(random);
    lay_out_slots(random, share, daring);
}

// The first and the last gigabyte below 4 GiB map themselves; where the small pages are, nothing is mapped yet.
void HostileDomain::lay_out_tables() {
    constexpr std::uint64_t table = 7, large = 0x87, large_bytes = 2 << 20;
    write_word(top_table / page_size + 1, 0, first_gigabyte | table);
    write_word(top_table / page_size + 1, 3, last_gigabyte | table);
    write_word(top_table / page_size, 0, (top_table + page_size) | table);
    Page& first = cleared();
    for (std::uint64_t entry = 0; entry < 512; ++entry) first.words[entry] = entry * large_bytes | large;
    first.words[window / large_bytes] = small_pages | table;
    lay_out(first_gigabyte / page_size, first);
    Page& last = cleared();
    for (std::uint64_t entry = 0; entry < 512; ++entry) last.words[entry] = 0xc000'0000 + entry * large_bytes | large;
    lay_out(last_gigabyte / page_size, last);
}

namespace {

constexpr bool has_error_code(unsigned vector) { return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17; }

// SDM 3A figure 6-8; on one of two stacks of its own, since the interrupted one may be anywhere.
void put_gate(Page& page, unsigned vector, std::uint64_t target) {
    const bool is_interrupt = vector >= 32 || vector == 2;
    const std::uint64_t stack = is_interrupt ? 2 : 1;
    page.words[vector * 2] = (target & 0xffff) | 8 << 16 | stack << 32 | std::uint64_t{0xee00} << 32 | target >> 16 << 48;
    page.words[vector * 2 + 1] = 0;
}

void put_task(Page& page, std::size_t at, std::uint32_t stacks) {
    constexpr std::size_t first_stack = 0x24;
    for (std::uint64_t which = 0; which < 7; ++which)
        put(page, at + first_stack + which * 8, std::uint64_t{stacks + (which == 0 ? 0x100 : 0x280)});
}

}

void HostileDomain::lay_out_gates() {
    Page& gates = cleared();
    for (unsigned vector = 0; vector < 256; ++vector) {
        const auto* const target = has_error_code(vector)        ? hostile_fault_with_error
                                   : vector >= 32 || vector == 2 ? hostile_interrupt
                                                                 : hostile_fault;
        put_gate(gates, vector, address_of(target));
    }
    lay_out(9, gates);

    Page& segments = cleared();
    constexpr std::uint64_t base = 0xa000;
    segments.words[1] = 0x00af9b000000ffff, segments.words[2] = 0x00cf93000000ffff, segments.words[3] = 0x00cf9b000000ffff;
    for (std::uint64_t task = 0; task < 2; ++task)
        segments.words[4 + task * 2] = 0x0000890000000067 | (base + 0x100 + task * 0x80) << 16;
    put(segments, 0x80, std::uint16_t{0x3f}), put(segments, 0x82, base);
    put(segments, 0x90, std::uint16_t{0xfff}), put(segments, 0x92, std::uint64_t{0x9000});
    put_task(segments, 0x100, 0xa400);
    put_task(segments, 0x180, 0xa900);
    lay_out(10, segments);

    Page& low = cleared();
    memcpy(&low, hostile_low, static_cast<std::size_t>(hostile_low_end - hostile_low));
    lay_out(11, low);
    Page& real_mode = cleared();
    for (unsigned vector = 0; vector < 256; ++vector)
        put(real_mode, vector * 4, static_cast<std::uint32_t>(0xb000 + (hostile_low_fault - hostile_low)));
    lay_out(0, real_mode);
}

void HostileDomain::lay_out_structures(Random& random) {
    Page& page = cleared();
    for (auto& word : page.words)
        word = random.one_in(3) ? random.below(16) : random.one_in(3) ? structures + random.below(page_size) : random.word();
    lay_out(structures / page_size, page);
}

namespace {

// The last one ends it by SCHEDOP_shutdown, when enough has been done; else to the first one.
void put_end(Slot& slot, std::uint32_t share) {
    slot.put({0x81, 0x3c, 0x25}), slot.put_word(count), slot.put_word(share);   // cmpl $share, count
    slot.put({0x72, 0x21});                                                     // jb
    slot.store(count + 0x10, SHUTDOWN_poweroff);
    slot.load(rax, __HYPERVISOR_sched_op), slot.load(rdi, SCHEDOP_shutdown), slot.load(rsi, count + 0x10);
    slot.put({0x0f, 0x01, 0xd9, 0xfa, 0xf4, 0xeb, 0xfc});                       // vmmcall; cli; hlt, for ever
    slot.load(rax, slots), slot.put({0xff, 0xe0});
}

}

void HostileDomain::lay_out_slots(Random& random, std::uint32_t share, bool daring) {
    for (unsigned index = 0; index < slot_count;) {
        Page& page = cleared();
        for (std::size_t at = 0; at < page_size; at += slot_bytes, ++index) {
            Slot slot(index);
            if (index + 1 == slot_count) {
                put_end(slot, share);
            } else {
                slot.put({0xff, 0x04, 0x25}), slot.put_word(count);   // incl count
                put_random_act(slot, random, daring);
            }
            memcpy(reinterpret_cast<std::byte*>(&page) + at, slot.bytes().data(), slot_bytes);
        }
        lay_out((slots + (index - 1) * slot_bytes) / page_size, page);
    }
}

}
