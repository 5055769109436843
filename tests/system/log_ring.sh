# RUN: %run --append conring_size=100k --script %s | FileCheck %s
#
# However much Dom0 writes on the console, the hypervisor's log begins with the hypervisor's first words, and has none of Dom0's.

seq -f 'a line of Dom0, number %g' 8000 >/dev/hvc0
xl dmesg | grep -c -i 'command line: placeholder'
# CHECK: {{^}}1{{$}}
xl dmesg | grep -c 'a line of Dom0' | head -1
# CHECK-NEXT: {{^}}0{{$}}
# What is wished is rounded up to a power of two.
xl dmesg | grep -o -E '(room for|console ring of) 128 KiB' | grep -o 128
# CHECK-NEXT: 128
