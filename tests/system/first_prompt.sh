# RUN: %run --script %s | FileCheck %s
#
# Debian's kernel finds itself on a hypervisor that speaks Xen's ABI, as its control domain.

uname -sr
# CHECK: Linux 6.1
cat /sys/hypervisor/type /sys/hypervisor/guest_type /proc/xen/capabilities
# CHECK-NEXT: xen
# CHECK-NEXT: PV
# CHECK-NEXT: control_d
nproc
# CHECK-NEXT: 1
grep -c ^processor /proc/cpuinfo
# CHECK-NEXT: 1

# Processes, pipes, files, signals, time.
seq 1000 | sort -rn | head -1
# CHECK-NEXT: 1000
dd if=/dev/urandom of=/tmp/data bs=64k count=64 2>/dev/null
[ "$(md5sum </tmp/data)" = "$(cat /tmp/data | md5sum)" ] && echo "same sum"
# CHECK-NEXT: same sum
sleep 100 &
kill %1; wait %1; echo "killed: $?"
# CHECK-NEXT: killed: 143
before=$(cut -d. -f1 /proc/uptime); sleep 2; after=$(cut -d. -f1 /proc/uptime)
[ $((after - before)) -ge 2 ] && echo "time passes"
# CHECK-NEXT: time passes
for _ in $(seq 50); do (exit 0) || echo failed; done; echo "forked"
# CHECK-NEXT: forked
