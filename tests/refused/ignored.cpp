// How a call ended is looked at: a refusal, or a turn that is over, would be lost.
#include "core/again.hpp"
#include "core/result.hpp"
#include "paging/outcome.hpp"

namespace basalt {

Result<> may_be_refused();
Result<int> number_or_refused();
Step<> takes_turns();
paging::Outcome ends_within();

Result<> asks() {
    may_be_refused();       // refused: ignoring return value
    number_or_refused();    // refused: ignoring return value
    takes_turns();          // refused: ignoring return value
    ends_within();          // refused: ignoring return value
    TRY(may_be_refused());
    return {};
}

}    // namespace basalt
