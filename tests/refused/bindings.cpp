// A command's function takes what its row of the hypercall table names, and is bound in one way.
#include "hypercalls/commands.hpp"
#include "table/basalt_op.hpp"
#include "table/domctl.hpp"
#include "table/event_channel_op.hpp"
#include "table/vcpu_op.hpp"

namespace basalt::hypercalls {

template <const Family& family, std::uint32_t command, auto function, typename... Supplied>
constexpr auto bound = Binding<row_of<family, command>(), 1, function, Supplied...>::act;

constexpr table::Row of_domain_at(int offset) {
    return {.asker = Asker::for_itself, .domain_at = static_cast<std::int16_t>(offset), .operand = table::in<evtchn_reset_t>()};
}
constexpr table::Row within = of_domain_at(0), across = of_domain_at(1), behind = of_domain_at(2), nowhere = of_domain_at(-1);

Result<> nothing();
Result<> port(std::uint32_t);
Result<> closes(const evtchn_close_t&);
Result<> closes_of(Domain&, const evtchn_close_t&);
Result<> closes_and_tells(evtchn_close_t&);
Result<> resets(Domain&, const evtchn_reset_t&);
Result<> sends(const evtchn_send_t&);
Result<> binds(evtchn_bind_virq_t&);
Result<> binds_untold(const evtchn_bind_virq_t&);
Result<evtchn_bind_virq_t> binds_unread();
Result<> status(evtchn_status_t&);
Result<> status_of(Domain&, evtchn_status_t&);
Result<> sets_up(Vcpu&, GuestPointer<vcpu_guest_context_t>);
Result<> sets_up_others(Vcpu&, List<vcpu_register_vcpu_info_t>);

constexpr auto fits = bound<table::event_channel_op, EVTCHNOP_close, closes>;
constexpr auto fits_too = bound<table::event_channel_op, EVTCHNOP_status, status_of>;
constexpr auto of_vcpu = bound<table::vcpu_op, VCPUOP_initialise, sets_up, Vcpu&>;

constexpr auto another = bound<table::event_channel_op, EVTCHNOP_close, sends>;                        // refused: the row names another structure
constexpr auto a_list = bound<table::vcpu_op, VCPUOP_initialise, sets_up_others, Vcpu&>;               // refused: the row names another structure
constexpr auto none_named = bound<table::vcpu_op, VCPUOP_up, closes, Vcpu&>;                           // refused: the other none
constexpr auto none_taken = bound<table::event_channel_op, EVTCHNOP_close, nothing>;                   // refused: the other none
constexpr auto argument = bound<table::event_channel_op, EVTCHNOP_close, port>;                        // refused: the other none
constexpr auto untold = bound<table::event_channel_op, EVTCHNOP_bind_virq, binds_untold>;              // refused: the row says that the structure goes back
constexpr auto told = bound<table::event_channel_op, EVTCHNOP_close, closes_and_tells>;                // refused: does not go back
constexpr auto unread = bound<table::event_channel_op, EVTCHNOP_bind_virq, binds_unread>;              // refused: the row says that the structure comes in
constexpr auto of_nobody = bound<table::event_channel_op, EVTCHNOP_status, status>;                    // refused: one is about a domain
constexpr auto of_somebody = bound<table::event_channel_op, EVTCHNOP_close, closes_of>;                // refused: one is about a domain
constexpr auto number_within = Binding<within, 1, resets>::act;
constexpr auto number_across = Binding<across, 1, resets>::act;                                        // refused: where in the structure
constexpr auto number_behind = Binding<behind, 1, resets>::act;                                        // refused: where in the structure
constexpr auto number_nowhere = Binding<nowhere, 1, resets>::act;                                      // refused: where in the structure
constexpr auto no_row = bound<table::event_channel_op, 99, nothing>;                                   // refused: not a constant expression
constexpr auto raw = bind<table::basalt_op>({{basalt_audit, nothing}});                                // refused: no matching function
constexpr auto half = bind<table::event_channel_op>(does<EVTCHNOP_close, closes>);                     // refused: not a constant expression

template <std::uint32_t command, auto function>
constexpr auto bound_to_domctl = ReadBinding<table::domctl, row_of<table::domctl, command>(), function, xen_domctl_t&, Domain*, Steering*>::act;
Result<> looks(Domain&);
Result<> pauses(Steering&);
constexpr auto of_a_domain = bound_to_domctl<XEN_DOMCTL_pausedomain, looks>;
constexpr auto alone_with_it = bound_to_domctl<XEN_DOMCTL_pausedomain, pauses>;
constexpr auto of_a_new_one = bound_to_domctl<XEN_DOMCTL_createdomain, looks>;                         // refused: the row about none
constexpr auto alone_with_none = bound_to_domctl<XEN_DOMCTL_createdomain, pauses>;                     // refused: the row about none

constexpr auto whole = bind<table::basalt_op>(does<basalt_audit, nothing>);

std::uint64_t by_name(Call call) { return call.rsi; }                                                  // refused: no member named 'rsi'
std::uint64_t by_number(Call call) { return call.word(1); }                                            // refused: private member

}  // namespace basalt::hypercalls
