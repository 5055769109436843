// Pure rooms name sets of CPUs too: the type lives in core.
#pragma once

#include "core/cpu_mask.hpp"
