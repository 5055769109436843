# RUN: %run --memory 2G --append "dom0_mem=max:768M" --script %s | FileCheck %s
#
# boot/run asks for 512M,max:512M; an option further on changes the part that it names. max: is a limit from then on: of the
# memory map that Dom0's kernel makes room for, and of what tools let it grow to.

await() { until "$@"; do usleep 100000; done; }
memory() { xl list Domain-0 | awk 'NR == 2 { print $3 }'; }
has() { [ "$(memory)" = "$1" ]; }

memory
# CHECK: 512
dmesg | sed -n 's/.*Xen: \[mem 0x0*100000-0x0*\([0-9a-f]*\)\] usable.*/\1/p' | cut -c1-3
# CHECK-NEXT: 300
xl mem-set Domain-0 700 && await has 700 && memory
# CHECK-NEXT: 700
xl mem-set Domain-0 800 2>&1
# CHECK-NEXT: {{.*}}memory_dynamic_max must be less than or equal to memory_static_max
xenstore-read /local/domain/0/memory/static-max
# CHECK: 786432
memory
# CHECK-NEXT: 700
