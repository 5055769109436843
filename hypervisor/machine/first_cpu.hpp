// The first CPU's block and tables lie in the image, and are mapped at their final addresses by boot/entry.S already.
#pragma once

namespace basalt {

// Before anything else in C++: this_cpu(), gates and segments work from here on.
void set_up_first_cpu();

// The same pages in Basalt's own tables.
void map_first_cpu();

}  // namespace basalt
