// Processes, from birth to death.
#pragma once

#include "measure.hpp"

namespace bench {

// Where this program lies.
extern const char* own_path;

void fork_and_exit(std::string_view name);
void fork_and_execute(std::string_view name);

// Fork, exit and wait of a process that has touched so much: by page of it.
void fork_with_memory(std::string_view name, unsigned megabytes);
template <unsigned megabytes>
void fork_with(std::string_view name) {
    fork_with_memory(name, megabytes);
}

// The same with 4 MiB, to each page of which the process writes again before it forks again.
void fork_and_write(std::string_view name);

// Another program from its birth to its end; what it ends with.
long run_program(std::string_view name, const char* const* words, const char* const* environment);

}
