# RUN: %run --kernel patched --cpus 2 --append dom0_max_vcpus=4 --file %page-writers --file %S/words.sh --script %s | FileCheck %s
#
# Dom0's kernel has all of guest-pv-linux-patches in it: threads write on four vcpus while others fork, unmap and let go of pages, and a
# file is written back meanwhile; all that was written is there, and nothing else. What a guest sends by network arrives as it left.
# tests/matrix/patched_guest tells it.

. ~/words.sh
grep -c ^processor /proc/cpuinfo
# CHECK: 4
(while sync; do :; done) &
writes_back=$!
~/page_writers /dev/ram0 30
# CHECK-NEXT: 0 writes lost
# CHECK-NEXT: 0 copies changed by their parent
# CHECK-NEXT: 0 pages with a stranger's word
# CHECK-NEXT: 0 file pages without what was written
{ kill "$writes_back"; wait "$writes_back"; } 2>/dev/null

ip link add xenbr0 type bridge && ip addr add 192.168.7.1/24 dev xenbr0 && ip link set xenbr0 up
start_linux sender "memory = 256" "vif = ['bridge=xenbr0,mac=00:16:3e:00:00:07']"; await_shell sender
in_guest sender 'ip link set eth0 up; ip addr add 192.168.7.2/24 dev eth0; head -c 16777216 /dev/urandom >/tmp/data'
{ sleep 10000 | nc -l -p 7007 | head -c 16777216 | md5sum >/tmp/sum; } &
await grep -q ' 00000000:1B5F ' /proc/net/tcp
in_guest sender '{ cat /tmp/data; sleep 10000; } | nc 192.168.7.1 7007 >/dev/null & sleep 0'
await test -s /tmp/sum
[ "$(in_guest sender 'md5sum </tmp/data')" = "$(cat /tmp/sum)" ] && echo "16 MiB are intact"
# CHECK-NEXT: 16 MiB are intact
{ killall nc sleep; wait; } 2>/dev/null
in_guest sender 'killall nc sleep 2>/dev/null; dmesg | grep -cE "WARNING|BUG|Oops|multicall"'
# CHECK-NEXT: 0
dmesg | grep -cE 'WARNING|BUG|Oops|multicall'
# CHECK-NEXT: 0
xl destroy sender; await gone sender && echo "sender is gone"
# CHECK-NEXT: sender is gone
