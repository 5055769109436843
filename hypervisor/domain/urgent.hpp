// What machine checks and NMIs have left for the way out.
#pragma once

namespace basalt {

// Before anything else runs on this CPU: a machine check may have hit the vcpu that does.
void look_into_urgent_matters();

}  // namespace basalt
