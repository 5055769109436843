// Which answers each command has given so far: what the guest's run has shown, row by row of the hypercall table. They are
// noted by `hypercall` and printed at the end; a case has nothing to do for it.
#pragma once

#include <array>
#include <cstdint>

namespace kit {

class Twin;

struct CallMade {
    unsigned number;
    std::array<std::uint64_t, 5> arguments;
    std::int64_t result;
};
// Of a list, each element's own answer is noted too.
void note_answer(const CallMade& call);

// For what is seen by other means than its answer: a command that does not come back.
void note_success(unsigned number, std::uint32_t command = 0);

// A request's status that another domain without this kit was given.
void note_status(unsigned number, std::uint32_t command, std::int64_t status);

// What a twin has been answered, before it is destroyed.
void note_answers_of(const Twin& twin);

// A line for each row: "answers event_channel_op.send 0 -22". A grant's own status is "status-3".
void print_answers();

}
