# RUN: %run-with-guest --guest-kernel patched --cpus 2 --memory 2G --dom0-memory 512M --file %S/words.sh --script %s | FileCheck %s
#
# A guest whose kernel has all of guest-pv-linux-patches in it starts, and what its processes do at once on four vcpus, in memory
# that they share, copy at fork, map and give back, comes out as it should. tests/matrix/patched_guest tells it: its kernel takes
# as long to build as a kernel does.

. ~/words.sh
await said hello 'hello from'
grep -o 'hello from.*guest' /var/log/xen/guest-hello.log | tail -n 1
# CHECK: hello from a PV guest: Linux 6.1.{{[0-9]+}}-guest
xl destroy hello

start_linux many "vcpus = 4" "memory = 256"; await_shell many
in_guest many 'grep -c ^processor /proc/cpuinfo'
# CHECK-NEXT: 4
# Forks within forks, in parallel: what each process reads is what was written, whoever wrote to its copy of a page meanwhile.
in_guest many 'dd if=/dev/urandom of=/tmp/data bs=1M count=1 2>/dev/null; md5sum </tmp/data >/tmp/sum; echo sum'
# CHECK-NEXT: sum
in_guest many 'for i in 1 2 3 4; do ( for j in 1 2 3; do ( k=0; while [ $k -lt 5 ]; do ( echo $i.$j.$k | grep -q . ); k=$((k + 1)); done; md5sum </tmp/data | cmp -s - /tmp/sum || echo "data $i $j" >>/tmp/wrong ); done ) & done; wait; cat /tmp/wrong 2>/dev/null; echo done'
# CHECK-NEXT: done
in_guest many 'dmesg | grep -cE "WARNING|BUG|Oops|multicall"'
# CHECK-NEXT: 0
xl destroy many; await gone many && echo "many is gone"
# CHECK-NEXT: many is gone
