# RUN: %run --exec 'echo first; reboot -f' 2>&1 | FileCheck %s --check-prefix REBOOT
# RUN: %run --exec 'echo first; poweroff -f' 2>&1 | FileCheck %s --check-prefix POWEROFF
# RUN: %run --exec 'echo first; halt -f' 2>&1 | FileCheck %s --check-prefix HALT
# RUN: bash -c "%run --exec 'echo first; echo c >/proc/sysrq-trigger'; test $? = 125" 2>&1 | FileCheck %s --check-prefix CRASH
#
# A command that ends the machine has done what it was asked to do; one that crashes Dom0 has not.

# REBOOT: first
# REBOOT-NEXT: the command rebooted the machine
# POWEROFF: first
# POWEROFF-NEXT: the command switched the machine off
# HALT: first
# HALT-NEXT: the command halted the machine
# CRASH: first
# CRASH-NEXT: panicked: (XEN) {{.*}}crashed: {{.*}} (Kernel panic - not syncing: sysrq triggered crash)
