# RUN: %run --file %S/words.sh --script %s | FileCheck %s
#
# What tools say about a guest's CPU is what its kernel finds; what nobody has is not to be had.
#
# On stock Xen under QEMU 7.2 the answers are the same, but now and then a process of Dom0 dies of registers that are not
# its own once a guest with AVX runs beside it; so the story is not told there.
# UNSUPPORTED: xen

. ~/words.sh
flag() { in_guest "$1" "grep -qw $2 /proc/cpuinfo && echo $1 has $2 || echo $1 has no $2"; }

start_linux whole; await_shell whole
for name in xsave avx avx2 sse4_2; do flag whole $name; done
# CHECK: whole has xsave
# CHECK-NEXT: whole has avx
# CHECK-NEXT: whole has avx2
# CHECK-NEXT: whole has sse4_2
xl destroy whole; await gone whole

start_linux less "cpuid = 'host,avx=0,sse4_2=0,vmx=1,smep=1'" "tsc_mode = 'native'" >/dev/null 2>&1; await_shell less
for name in xsave avx avx2 sse4_2 sse4_1 vmx smep; do flag less $name; done
# CHECK-NEXT: less has xsave
# CHECK-NEXT: less has no avx
# CHECK-NEXT: less has no avx2
# CHECK-NEXT: less has no sse4_2
# CHECK-NEXT: less has sse4_1
# CHECK-NEXT: less has no vmx
# CHECK-NEXT: less has no smep
xl destroy less; await gone less

# The scheduler's own parameter, which holds for all.
xl sched-credit2 -s -r 2000 && xl sched-credit2 -s && xl sched-credit2 -s -r 1000 && xl sched-credit2 | head -1
# CHECK-NEXT: Cpupool Pool-0: ratelimit=2000us
# CHECK-NEXT: Cpupool Pool-0: ratelimit=1000us
xl sched-credit2 -s -r 50 2>/dev/null || echo "too short"
# CHECK-NEXT: too short
