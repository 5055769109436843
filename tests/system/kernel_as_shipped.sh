# RUN: %run --kernel %vmlinuz --cpus 2 --script %s | FileCheck %s
#
# The bzImage as Debian ships it, its payload still compressed, is what the hypervisor was given.

uname -r; nproc
# CHECK: 6.1
# CHECK-NEXT: 2
