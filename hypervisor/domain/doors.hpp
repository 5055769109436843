// What a kind of guest supplies. Whoever runs, shows, audits or ends a vcpu asks here, and does not know which kind it is;
// guests/doors.cpp sends each of these to the kind's own, and a kind without one of them does not compile there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "abi/xen.hpp"
#include "core/again.hpp"
#include "core/finding.hpp"
#include "core/guest_kind.hpp"
#include "core/number.hpp"
#include "core/result.hpp"
#include "paging/budget.hpp"

namespace basalt {

namespace paging {
class Audit;
}
class Domain;
class Vcpu;

// Birth and end. A new domain gets what its kind keeps for all vcpus, a dead one gives it back.
Result<> furnish(Domain& domain);
void strip(Domain& domain);
// A vcpu of the kind, down, with nothing set.
Result<Vcpu*> make_vcpu(Domain& domain, VcpuId number);
void destroy_vcpu(Vcpu& vcpu);
// Of a new vcpu, or of one that will not run again: it names no frame any longer, be it root, GDT or LDT.
void drop_tables(Vcpu& vcpu);

// The state as tools and VCPUOP_initialise describe it. The vcpu does not run meanwhile: it is down, or its domain is paused.
// Invalid: an address is not canonical, a table too long, or a frame not what it is named as. Nothing is started by
// this. Of a vcpu that has run before, roots and GDT may only be named as they are (not_supported otherwise).
// Roots that are not pinned may take many bounded steps: again means that the same call goes on where they rest.
Step<> set_context(Vcpu& vcpu, const vcpu_guest_context& context, paging::Budget& budget);
void get_context(const Vcpu& vcpu, vcpu_guest_context& context);
// Its domain has another CPU policy; the vcpu has not run yet.
void follow_policy(Vcpu& vcpu);

// Running. The part of a vcpu that is in the CPU's registers: loading it also loads its root, and names the place where
// entries land to the entry path (Cpu::run).
void load_guest_state(Vcpu& vcpu);
void save_guest_state(Vcpu& vcpu);
bool nmi_due(const Vcpu& vcpu);
// Something that is no event would interrupt it, or wants it to look: it does not wait.
bool has_news(const Vcpu& vcpu);
// Its guest was not told of events, and is from now on: evtchn_upcall_pending is set. By any CPU; the vcpu is made to look
// after this.
void note_upcall(Vcpu& vcpu);

// Whether addresses of the vcpu's, which runs here or did until now, are its kernel's whatever mode it is in, or as it runs.
void see_kernel_memory(const Vcpu& vcpu);
void see_own_memory(const Vcpu& vcpu);
// They are its kernel's for as long as this lives.
class KernelMemory {
public:
    explicit KernelMemory(const Vcpu& vcpu) : vcpu_(vcpu) { see_kernel_memory(vcpu_); }
    ~KernelMemory() { see_own_memory(vcpu_); }
    KernelMemory(const KernelMemory&) = delete;
    KernelMemory& operator=(const KernelMemory&) = delete;

private:
    const Vcpu& vcpu_;
};

// What is shown of a vcpu. Its control registers go to the log while it runs here.
struct ShownVcpu {
    std::string_view mode;
    Mfn root, user_root;
};
ShownVcpu shown(const Vcpu& vcpu);
void log_control_registers(const Vcpu& vcpu);

// The audit: which frames the vcpu holds for itself; whether what is noted of it agrees.
void count_frames(const Vcpu& vcpu, paging::Audit& audit);
std::optional<Finding> wrong_with_vcpu(const Vcpu& vcpu);

}  // namespace basalt
