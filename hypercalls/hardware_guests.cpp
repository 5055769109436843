// What tools say of hardware-assisted guests alone: the memory for their tables, and the state of their machine.
#include <array>
#include <span>

#include "abi/domctl.hpp"
#include "domain/guest_pointer.hpp"
#include "domain/run.hpp"
#include "guests/hvm/context.hpp"
#include "hypercalls/domctl_calls.hpp"
#include "memory/heap.hpp"
#include "records/stream.hpp"

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
    for (const records::Record record : stream)
        if (record.is<records::Cpu>()) TRY(hvm::look_at_cpu(domain, record.as<records::Cpu>()));
    return {};
}

void take(Domain& domain, const records::Stream& stream) {
    for (const records::Record record : stream) {
        if (!record.is<records::Cpu>()) continue;
        Vcpu& vcpu = *domain.vcpu(VcpuId(record.instance));
        hvm::set_cpu(vcpu, record.as<records::Cpu>());
        scheduler().release(vcpu.unit, Hold::down);
    }
}

}   // namespace

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
