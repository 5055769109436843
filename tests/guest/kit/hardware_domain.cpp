#include "hardware_domain.hpp"

#include "case.hpp"
#include "hypercall.hpp"

#include <cstring>

namespace kit {

namespace {

xen_domctl_createdomain hardware_wish(unsigned vcpus) {
    xen_domctl_createdomain wish{};
    wish.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
    wish.max_vcpus = vcpus;
    wish.max_evtchn_port = 1023;
    wish.max_grant_frames = 4;
    wish.max_maptrack_frames = 4;
    wish.grant_opts = XEN_DOMCTL_GRANT_version(1);
    wish.arch.emulation_flags = XEN_X86_EMU_LAPIC;
    return wish;
}

}

std::int64_t set_paging_memory(unsigned domain, std::uint64_t bytes) {
    constexpr std::int64_t not_yet_done = -85;        // ERESTART
    xen_domctl_t request{};
    request.u.paging_mempool.size = bytes;
    std::int64_t status;
    do status = domctl(XEN_DOMCTL_set_paging_mempool_size, domain, request);
    while (status == not_yet_done);
    return status;
}

namespace {

// Kernels here call by AMD's instruction; where the processor is Intel's, they have its own in that place.
std::span<const std::byte> as_this_processor_calls(std::span<const std::byte> instructions) {
    static std::byte changed[page_size];
    std::uint32_t highest = 0, name = 0, rest = 0, last = 0;
    asm volatile("cpuid" : "+a"(highest), "=b"(name), "=c"(rest), "=d"(last));
    constexpr std::uint32_t of_intel = 0x756e6547;
    if (name != of_intel) return instructions;
    constexpr unsigned char vmmcall[]{0x0f, 0x01, 0xd9};
    constexpr std::byte last_of_vmcall{0xc1};
    memcpy(changed, instructions.data(), instructions.size());
    for (std::size_t at = 0; at + sizeof(vmmcall) <= instructions.size(); ++at)
        if (memcmp(changed + at, vmmcall, sizeof(vmmcall)) == 0) changed[at + 2] = last_of_vmcall;
    return std::span(changed).first(instructions.size());
}

}

HardwareDomain::HardwareDomain(std::span<const std::byte> instructions, std::uint32_t argument, Mode mode, unsigned vcpus) {
    xen_domctl_t request{};
    request.u.createdomain = hardware_wish(vcpus);
    expect_zero(domctl(XEN_DOMCTL_createdomain, 0, request));
    id = request.domain;
    if (trouble != 0) return;
    furnish(vcpus);
    write_page(code, as_this_processor_calls(instructions));
    if (mode != Mode::bits_32) link_tables();
    start_at(static_cast<std::uint32_t>(code * page_size), argument, mode);
}

// Three tables, and a page of 2 MiB, which is there twice: at 0 and behind that.
void HardwareDomain::link_tables() {
    constexpr std::uint64_t to_table = 3, large_page = 0x83;
    write_word(tables, 0, (tables + 1) * page_size | to_table);
    write_word(tables + 1, 0, (tables + 2) * page_size | to_table);
    write_word(tables + 2, 0, large_page);
    write_word(tables + 2, 1, large_page);
}

void HardwareDomain::furnish(unsigned vcpus) {
    xen_domctl_t request{};
    request.u.max_vcpus.max = vcpus;
    expect_zero(domctl(XEN_DOMCTL_max_vcpus, id, request));
    request = {};
    request.u.max_mem.max_memkb = 4096;
    expect_zero(domctl(XEN_DOMCTL_max_mem, id, request));
    expect_zero(set_paging_memory(id, 2 << 20));

    xen_pfn_t frames[pages];
    for (unsigned frame = 0; frame < pages; ++frame) frames[frame] = frame;
    xen_memory_reservation populate{};
    set_xen_guest_handle(populate.extent_start, frames);
    populate.nr_extents = pages;
    populate.domid = static_cast<domid_t>(id);
    expect_zero(call<rows::memory_op, XENMEM_populate_physmap>(populate) - std::int64_t{pages});
}

namespace {

void append(std::span<std::byte>& rest, std::uint16_t type, std::span<const std::byte> body) {
    const hvm_save_descriptor what{.typecode = type, .instance = 0, .length = static_cast<std::uint32_t>(body.size())};
    memcpy(rest.data(), &what, sizeof(what));
    memcpy(rest.data() + sizeof(what), body.data(), body.size());
    rest = rest.subspan(sizeof(what) + body.size());
}

}

hvm_hw_cpu flat_32(std::uint32_t address, std::uint32_t argument) {
    constexpr std::uint32_t code = 0xc9b, data = 0xc93, task = 0x8b, all = ~std::uint32_t{0};
    hvm_hw_cpu cpu{};
    cpu.rip = address, cpu.rbx = argument, cpu.cr0 = 0x11;
    cpu.cs_limit = cpu.ds_limit = cpu.es_limit = cpu.ss_limit = all;
    cpu.cs_arbytes = code;
    cpu.ds_arbytes = cpu.es_arbytes = cpu.ss_arbytes = data;
    cpu.tr_limit = 0x67, cpu.tr_arbytes = task;
    cpu.dr6 = 0xffff0ff0, cpu.dr7 = 0x400;
    return cpu;
}

namespace {

// With CR0.PG, CR4.PAE, EFER.LME and LMA, and a code segment of 64 bits.
hvm_hw_cpu flat_64(std::uint32_t address, std::uint32_t argument) {
    hvm_hw_cpu cpu = flat_32(address, argument);
    cpu.cr0 = 0x8000'0011, cpu.cr4 = 0x20, cpu.cr3 = HardwareDomain::tables * page_size, cpu.msr_efer = 0x500;
    cpu.cs_arbytes = 0xa9b;
    return cpu;
}

}

std::size_t write_records(std::span<std::byte> room, std::uint16_t type, std::span<const std::byte> body) {
    constexpr hvm_save_header header{.magic = HVM_FILE_MAGIC, .version = HVM_FILE_VERSION};
    std::span<std::byte> rest = room;
    append(rest, HVM_SAVE_CODE(HEADER), std::as_bytes(std::span(&header, 1)));
    append(rest, type, body);
    append(rest, HVM_SAVE_CODE(END), {});
    return room.size() - rest.size();
}

std::int64_t set_records(unsigned domain, std::span<std::byte> records) {
    xen_domctl_t request{};
    request.u.hvmcontext.size = static_cast<std::uint32_t>(records.size());
    request.u.hvmcontext.buffer.p = reinterpret_cast<std::uint8_t*>(records.data());
    return domctl(XEN_DOMCTL_sethvmcontext, domain, request);
}

std::int64_t get_records(unsigned domain, std::span<std::byte> room, std::size_t& size) {
    xen_domctl_t request{};
    request.u.hvmcontext.size = static_cast<std::uint32_t>(room.size());
    request.u.hvmcontext.buffer.p = reinterpret_cast<std::uint8_t*>(room.data());
    const std::int64_t status = domctl(XEN_DOMCTL_gethvmcontext, domain, request);
    size = request.u.hvmcontext.size;
    return status;
}

std::span<std::byte> find_record(std::span<std::byte> records, std::uint16_t type) {
    hvm_save_descriptor what;
    while (records.size() >= sizeof(what)) {
        memcpy(&what, records.data(), sizeof(what));
        records = records.subspan(sizeof(what));
        if (what.length > records.size()) break;
        if (what.typecode == type) return records.first(what.length);
        records = records.subspan(what.length);
    }
    return {};
}

void HardwareDomain::start_at(std::uint32_t address, std::uint32_t argument, Mode mode) {
    static std::byte records[2048];
    const hvm_hw_cpu cpu = mode == Mode::bits_64 ? flat_64(address, argument) : flat_32(address, argument);
    const std::size_t size = write_records(records, HVM_SAVE_CODE(CPU), std::as_bytes(std::span(&cpu, 1)));
    expect_zero(set_records(id, std::span(records).first(size)));
}

}
