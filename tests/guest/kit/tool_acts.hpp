// What tools may do to a domain, in any order and at any time: rows of weighted acts. Each call is made bare, so that a
// second vcpu can make them too; what is answered is nobody's business here.
#pragma once

#include "hypercall.hpp"
#include "random.hpp"

#include <array>
#include <cstdint>
#include <span>

namespace kit {

class ToolActs {
public:
    // `window`: a page of ours whose entry shows frames of the domain's.
    explicit ToolActs(Page& window) : window_(window) {}

    // Whose acts follow; frames of it, as far as they are known.
    void turn_to(unsigned domain, std::span<const xen_pfn_t> frames = {});

    // What a domain survives, once let_run() has been called.
    void gently(Random& random);
    // What may crash it, or end it.
    void harshly(Random& random);
    // Tools hold it back no longer.
    void let_run();
    // Nothing is left of these acts but in the domain: the window is empty, ports are closed.
    void let_go();

    std::uint64_t done = 0;

private:
    Status call(unsigned family, Word first = {}, Word second = {}, Word third = {}, Word fourth = {});
    Status ask(unsigned command);
    void reserve(unsigned command, std::uint64_t& frame, std::uint64_t count = 1);
    void extended(unsigned command, std::uint64_t mfn);
    std::uint64_t some_frame(Random& random);

    void pause(Random&);
    void unpause(Random&);
    void resume(Random&);
    void shut_down(Random& random);
    void look(Random& random);
    void look_at_all(Random&);
    void get_context(Random& random);
    void set_affinity(Random& random);
    void set_share(Random& random);
    void make_vcpus(Random& random);
    void set_most_memory(Random& random);
    void populate(Random& random);
    void claim(Random& random);
    void map_frame(Random& random);
    void set_pseudo_physical(Random& random);
    void pin(Random& random);
    void make_port(Random& random);
    void look_at_grants(Random& random);
    void set_policy(Random& random);
    void set_memory_map(Random& random);
    void set_handle(Random& random);
    // The harsh ones.
    void set_context(Random& random);
    void unpin(Random& random);
    void decrease(Random& random);
    void destroy(Random&);

    static const std::array<Act<ToolActs>, 21> gentle_acts;
    static const std::array<Act<ToolActs>, 4> harsh_acts;

    Page& window_;
    unsigned domain_ = 0;
    std::array<xen_pfn_t, 16> frames_{};
    std::size_t known_ = 0;
    std::array<evtchn_port_t, 4> ports_{};
    xen_domctl_t request_{};
    vcpu_guest_context_t context_{};
};

}
