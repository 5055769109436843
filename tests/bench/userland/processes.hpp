// Processes, from birth to death.
#pragma once

#include "measure.hpp"

namespace bench {

void fork_and_exit(std::string_view name);
void fork_and_execute(std::string_view name);

// Fork, exit and wait of a process that has touched so much: by page of it.
void fork_with_memory(std::string_view name, unsigned megabytes);
template <unsigned megabytes>
void fork_with(std::string_view name) {
    fork_with_memory(name, megabytes);
}

}
