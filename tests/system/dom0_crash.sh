# REQUIRES: basalt
# RUN: bash -c "%run --exec 'echo c >/proc/sysrq-trigger'; test $? = 125" 2>%t.told
# RUN: bash -c "cat $(sed -n 's/^-- console log: //p' %t.told)" | FileCheck %s
#
# A Dom0 that asks for its own crash is told like any other that crashes: where it was, and what it had. Before that nothing is
# said of the calls that Debian's kernel and tools look for, and that are left out on purpose.
#
# Stock Xen says less.
# CHECK-NOT: is not implemented
# CHECK: Kernel panic - not syncing: sysrq triggered crash
# CHECK: (XEN) d0v0 crashed: it asked for it
# CHECK-NEXT: (XEN) rip {{[0-9a-f]+}} cs e033
# CHECK: (XEN) cr0 {{[0-9a-f]+}} cr2 {{[0-9a-f]+}} cr3 {{[0-9a-f]+}} cr4 {{[0-9a-f]+}}
# CHECK-NEXT: (XEN) fs base {{[0-9a-f]+}} gs base ffff{{[0-9a-f]+}}, and {{[0-9a-f]+}} of user mode
# CHECK-NEXT: (XEN) stack {{([0-9a-f]+ ?)+}}
# CHECK: (XEN) Dom0 has crashed
