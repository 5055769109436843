// The doors of domain/doors.hpp, each answered by the kind of guest that it is about.
#include "domain/doors.hpp"

#include "abi/xen.hpp"
#include "domain/run.hpp"
#include "guests/kinds.hpp"

namespace basalt {

Result<> furnish(Domain& domain) {
    return by_kind(domain.kind, [&](SuppliesDoors auto kind) { return kind.furnish(domain); });
}
void strip(Domain& domain) {
    return by_kind(domain.kind, [&](SuppliesDoors auto kind) { return kind.strip(domain); });
}
Result<Vcpu*> make_vcpu(Domain& domain, VcpuId number) {
    return by_kind(domain.kind, [&](SuppliesDoors auto kind) { return kind.make_vcpu(domain, number); });
}
void destroy_vcpu(Vcpu& vcpu) {
    return by_kind(vcpu, [&](SuppliesDoors auto kind) { return kind.destroy_vcpu(vcpu); });
}
void drop_tables(Vcpu& vcpu) {
    return by_kind(vcpu, [&](SuppliesDoors auto kind) { return kind.drop_tables(vcpu); });
}
Step<> set_context(Vcpu& vcpu, const vcpu_guest_context& context, paging::Budget& budget) {
    return by_kind(vcpu, [&](SuppliesDoors auto kind) { return kind.set_context(vcpu, context, budget); });
}
void get_context(const Vcpu& vcpu, vcpu_guest_context& context) {
    return by_kind(vcpu, [&](SuppliesDoors auto kind) { return kind.get_context(vcpu, context); });
}
void follow_policy(Vcpu& vcpu) {
    return by_kind(vcpu, [&](SuppliesDoors auto kind) { return kind.follow_policy(vcpu); });
}
void load_guest_state(Vcpu& vcpu) {
    return by_kind(vcpu, [&](SuppliesDoors auto kind) { return kind.load_guest_state(vcpu); });
}
void save_guest_state(Vcpu& vcpu) {
    return by_kind(vcpu, [&](SuppliesDoors auto kind) { return kind.save_guest_state(vcpu); });
}
ShownVcpu shown(const Vcpu& vcpu) {
    return by_kind(vcpu, [&](SuppliesDoors auto kind) { return kind.shown(vcpu); });
}
void log_control_registers(const Vcpu& vcpu) {
    return by_kind(vcpu, [&](SuppliesDoors auto kind) { return kind.log_control_registers(vcpu); });
}
void count_frames(const Vcpu& vcpu, paging::Audit& audit) {
    return by_kind(vcpu, [&](SuppliesDoors auto kind) { return kind.count_frames(vcpu, audit); });
}
std::optional<Finding> wrong_with_vcpu(const Vcpu& vcpu) {
    return by_kind(vcpu, [&](SuppliesDoors auto kind) { return kind.wrong_with_vcpu(vcpu); });
}

void note_upcall(Vcpu& vcpu) {
    return by_kind(vcpu, [&](SuppliesDoors auto kind) { return kind.note_upcall(vcpu); });
}
bool has_news(const Vcpu& vcpu) {
    return by_kind(vcpu, [&](SuppliesDoors auto kind) { return kind.has_news(vcpu); });
}
bool nmi_due(const Vcpu& vcpu) {
    return vcpu.nmi_pending.load() && by_kind(vcpu, [&](SuppliesDoors auto kind) { return kind.may_take_nmi(vcpu); });
}

void see_kernel_memory(const Vcpu& vcpu) {
    return by_kind(vcpu, [&](SuppliesDoors auto kind) { return kind.see_kernel_memory(vcpu); });
}
void see_own_memory(const Vcpu& vcpu) {
    return by_kind(vcpu, [&](SuppliesDoors auto kind) { return kind.see_own_memory(vcpu); });
}

namespace grants {

Result<> map_there(Place place, Mfn frame, DomainId owner, std::uint32_t flags) {
    Vcpu& vcpu = running();
    return by_kind(vcpu, [&](SuppliesDoors auto kind) { return kind.map_grant(vcpu, place, frame, owner, flags); });
}
Result<> unmap_there(Place place, Lent lent, std::optional<std::uint64_t> instead) {
    Vcpu& vcpu = running();
    return by_kind(vcpu, [&](SuppliesDoors auto kind) { return kind.unmap_grant(vcpu, place, lent, instead); });
}

}  // namespace grants
}  // namespace basalt
