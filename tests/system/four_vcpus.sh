# RUN: %run --cpus 4 --script %s | FileCheck %s
#
# Four CPUs are four vcpus for Dom0: all come up, work at once, go away and come back.

nproc
# CHECK: 4
for cpu in 0 1 2 3; do taskset -c $cpu md5sum /proc/self/comm >/dev/null && echo "ran on $cpu"; done
# CHECK-NEXT: ran on 0
# CHECK-NEXT: ran on 1
# CHECK-NEXT: ran on 2
# CHECK-NEXT: ran on 3
for _ in 1 2 3 4; do
    (for _ in $(seq 20); do (exit 0); done; seq 5000 | md5sum) &
done | sort | uniq -c
wait
# CHECK-NEXT: 4 {{[0-9a-f]+}} -
echo 0 >/sys/devices/system/cpu/cpu3/online; nproc
# CHECK-NEXT: 3
echo 1 >/sys/devices/system/cpu/cpu3/online; nproc
# CHECK-NEXT: 4
grep -E 'callfuncsingle[0-3]$' /proc/interrupts | awk '{ sum = 0; for (i = 2; i <= 5; i++) sum += $i; if (sum) print "signalled" }' | sort -u
# CHECK-NEXT: signalled
