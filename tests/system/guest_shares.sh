# RUN: %run %mini --cpus 2 --script %s | FileCheck %s
#
# What tools say about CPUs and memory has its effect: on counted CPU time, and in the guest itself.

. ~/words.sh
# What both have run, at one moment: in tenths of a second of CPU.
time_of_both() { xl list | awk '{ time[$1] = $6 * 10 } END { print time["light"], time["heavy"] }'; }

# Two that never rest share the second CPU.
for name in light heavy; do start_mini $name spin 'vcpus = 1' 'cpus = "1"'; done
xl vcpu-list light | awk 'NR == 2 { print $1, $7 }'
# CHECK: light 1
# shellcheck disable=SC2046    # two words
used() { set -- $(time_of_both); [ "$1" -ge 10 ] && [ "$2" -ge 10 ]; }
await used && xl vcpu-list | awk '/light|heavy/ && $4 != 1 { strange = 1 } END { print strange ? "ran elsewhere" : "both ran where they may" }'
# CHECK-NEXT: both ran where they may

# `within part whole wanted`: is that per mille of it, within a tenth?
within() { awk -v part="$1" -v whole="$2" -v wanted="$3" 'BEGIN {
    share = part / whole * 1000; print (share >= wanted * 0.9 && share <= wanted * 1.1) ? "as wanted" : "got " share }'; }

# A slice that the machine under this one makes long weighs less, the longer one looks; what is wrong stays so for a minute.
xl sched-credit2 -d light -w 256; xl sched-credit2 -d heavy -w 768
before=$(time_of_both)
# shellcheck disable=SC2046    # two and two words
measure() { set -- $before $(time_of_both); least=$(($3 - $1)) most=$(($4 - $2)) all=$(($3 + $4 - $1 - $2)); }
says() { echo "$(within $least $all 250), $(within $most $all 750)"; }
enough() { measure; [ "$all" -ge 600 ] || { [ "$all" -ge 150 ] && [ "$(says)" = "as wanted, as wanted" ]; }; }
await enough; echo "weights of 1 to 3: $(says)"
# CHECK-NEXT: weights of 1 to 3: as wanted, as wanted
xl destroy light; await gone light

xl sched-credit2 -d heavy -c 30; xl sched-credit2 -d heavy | awk 'NR == 2 { print "cap", $4 }'   # its effect: tests/guest/shares.cpp
# CHECK-NEXT: cap 30
xl destroy heavy; await gone heavy

# A Linux guest loses a vcpu and gets it back, and gives memory away.
start_linux grown "vcpus = 2" "memory = 160"; await_shell grown
in_guest grown 'cat /sys/devices/system/cpu/online'
# CHECK-NEXT: 0-1
xl vcpu-set grown 1
online() { [ "$(in_guest grown 'cat /sys/devices/system/cpu/online')" = "$1" ]; }
await online 0 && xl vcpu-list grown | awk 'NR == 3 { print "vcpu", $3, $5 }'
# CHECK-NEXT: vcpu 1 --p
xl vcpu-set grown 2
comes_back() { in_guest grown 'echo 1 >/sys/devices/system/cpu/cpu1/online'; }   # what udev would do
await comes_back; await online 0-1 && echo "both are back"
# CHECK-NEXT: both are back
before=$(in_guest grown "awk '/MemTotal/ { print \$2 }' /proc/meminfo")
xl mem-set grown 128
smaller() { [ "$(xl list grown | awk 'NR == 2 { print $3 }')" = 128 ]; }
await smaller; after=$(in_guest grown "awk '/MemTotal/ { print \$2 }' /proc/meminfo")
[ $((before - after)) -ge 30000 ] && echo "the guest has given 32 MiB away"
# CHECK-NEXT: the guest has given 32 MiB away
xl mem-set grown 160
larger() { [ "$(xl list grown | awk 'NR == 2 { print $3 }')" = 160 ]; }
await larger && echo "and has them back"
# CHECK-NEXT: and has them back
xl destroy grown; await gone grown
