// What tools say of hardware-assisted guests alone: the memory for their tables, and the state of their machine.
#include <array>
#include <span>

#include "abi/domctl.hpp"
#include "core/assert.hpp"
#include "devices/clock.hpp"
#include "domain/guest_pointer.hpp"
#include "domain/run.hpp"
#include "guests/hvm/context.hpp"
#include "hypercalls/domctl_calls.hpp"
#include "memory/heap.hpp"
#include "records/stream.hpp"
#include "records/writer.hpp"

namespace basalt::hypercalls {

Step<> set_paging_memory(Domain& domain, xen_domctl_t& request) {
    const std::uint64_t size = request.u.paging_mempool.size;
    if (domain.kind == GuestKind::pv) return refuse(Error::not_supported);
    if (size % page_size != 0 || size >> page_shift > ~std::uint32_t{0}) return refuse(Error::invalid);
    paging::Budget budget;
    const Step<> step = domain.nested.set_pool(size >> page_shift, budget);
    const bool rest_is_in_use = step.refused() != nullptr && *step.refused() == Error::busy;
    return rest_is_in_use ? refuse(Error::no_memory) : step;   // as on Xen
}

Result<> paging_memory(Domain& domain, xen_domctl_t& request) {
    if (domain.kind == GuestKind::pv) return refuse(Error::not_supported);
    request.u.paging_mempool.size = domain.nested.pool() << page_shift;
    return {};
}

namespace {

// Longer than all records of all vcpus that there may be.
constexpr std::uint32_t most_bytes = 64 * page_size;

struct Bytes {
    std::array<std::byte, most_bytes> all;
};

Result<> look_at(const Domain& domain, const records::Stream& stream) {
    for (const records::Record record : stream) {
        if (record.is<records::Cpu>()) TRY(hvm::look_at_cpu(domain, record.as<records::Cpu>()));
        if (record.is<records::Mtrr>()) TRY(hvm::look_at_memory_types(domain, record.as<records::Mtrr>()));
    }
    return {};
}

void take(Domain& domain, const records::Stream& stream) {
    for (const records::Record record : stream) {
        if (record.is<records::Mtrr>())
            hvm::set_memory_types(*domain.vcpu(VcpuId(record.instance)), record.as<records::Mtrr>());
        if (!record.is<records::Cpu>()) continue;
        Vcpu& vcpu = *domain.vcpu(VcpuId(record.instance));
        hvm::set_cpu(vcpu, record.as<records::Cpu>());
        scheduler().release(vcpu.unit, Hold::down);
    }
}

// What is told of the host that wrote them is for tools: the guest's own CPUID is in its policy.
hvm_save_header header() {
    return {.magic = HVM_FILE_MAGIC,
            .version = HVM_FILE_VERSION,
            .changeset = ~std::uint64_t{0},
            .cpuid = cpuid(1).eax,
            .gtsc_khz = static_cast<std::uint32_t>(tsc_hz() / 1000)};
}

// A vcpu that is down has no CPU record: who takes the records leaves it down. The kinds come in the order of their numbers,
// and those of the local APIC will stand before the memory types.
std::size_t write_records(const Domain& domain, std::span<std::byte> room, bool every_vcpu) {
    records::Writer writer(room, header());
    const auto vcpus = domain.vcpus();
    const auto for_each = [&](auto&& write) {
        for (std::uint16_t number = 0; number < vcpus.size(); ++number) write(*vcpus[number], number);
    };
    for_each([&](const Vcpu& vcpu, std::uint16_t number) {
        if (every_vcpu || vcpu.unit.is_up()) writer.add<records::Cpu>(hvm::told_cpu(vcpu), number);
    });
    for_each([&](const Vcpu& vcpu, std::uint16_t number) { writer.add<records::Mtrr>(hvm::told_memory_types(vcpu), number); });
    static_cast<void>(writer.end());
    return writer.needed();
}

}   // namespace

// As on Xen the room is asked for that all of it may need, and the size is then what was needed.
Result<> hvm_context(Domain& domain, Steering& steering, xen_domctl_t& request) {
    auto& wish = request.u.hvmcontext;
    if (domain.kind != GuestKind::hvm) return refuse(Error::invalid);
    const Paused paused(steering);
    const std::size_t most = write_records(domain, {}, true);
    const GuestPointer<std::byte> to(reinterpret_cast<std::uint64_t>(wish.buffer.p));
    if (to.is_null()) {
        wish.size = static_cast<std::uint32_t>(most);
        return {};
    }
    if (wish.size < most) return refuse(Error::no_space);
    ASSERT(most <= most_bytes);
    const auto bytes = TRY(basalt::create<Bytes>());
    const std::size_t size = write_records(domain, bytes->all, false);
    TRY(to.write(std::span<const std::byte>(bytes->all).first(size)));
    wish.size = static_cast<std::uint32_t>(size);
    return {};
}

Result<> set_hvm_context(Domain& domain, Steering& steering, xen_domctl_t& request) {
    const auto& wish = request.u.hvmcontext;
    if (domain.kind != GuestKind::hvm || wish.size > most_bytes) return refuse(Error::invalid);
    const auto bytes = TRY(basalt::create<Bytes>());
    const auto given = std::span(bytes->all).first(wish.size);
    TRY(GuestPointer<std::byte>(reinterpret_cast<std::uint64_t>(wish.buffer.p)).read(given));
    constexpr auto known = records::of_every_guest | records::codes<records::LocalApic, records::LocalApicRegisters>;
    const auto vcpus = static_cast<std::uint32_t>(domain.vcpus().size());
    const auto stream = TRY(records::Stream::of(given, {.vcpus = vcpus, .codes = known}));
    TRY(look_at(domain, stream));
    const Paused paused(steering);
    take(domain, stream);
    return {};
}

}   // namespace basalt::hypercalls
