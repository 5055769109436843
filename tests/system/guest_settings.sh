# RUN: %run %mini --script %s | FileCheck %s
#
# What a guest's configuration says comes to be. xl does not look at the answer of many a call that it makes for that.

. ~/words.sh
ahead_of_dom0() { echo $(($(in_guest "$1" 'date -u +%s') - $(date -u +%s))); }
about() { [ "$1" -gt $(($2 - 600)) ] && [ "$1" -lt $(($2 + 600)) ] && echo "as wanted" || echo "got $1, not $2"; }

start_linux ahead 'rtc_timeoffset = 3600' "tsc_mode = 'always_emulate'"; await_shell ahead
echo "an hour ahead: $(about "$(ahead_of_dom0 ahead)" 3600)"
# CHECK: an hour ahead: as wanted
in_guest ahead 'cat /sys/devices/system/clocksource/clocksource0/current_clocksource'
# CHECK-NEXT: xen
xl destroy ahead; await gone ahead

start_mini all spin 'maxvcpus = 2' 'maxmem = 8' 'localtime = 1' 'e820_host = 1' 'max_grant_frames = 8' 'max_maptrack_frames = 8' \
    'max_event_channels = 100' 'nodes = "0"' 'cpus_soft = "0"' 'cpu_weight = 300' 'cap = 50' 'nomigrate = 1' 2>&1 | grep error
xl sched-credit2 -d all | awk 'NR == 2 { print $3, $4 }'
# CHECK-NEXT: 300 50
xl dmesg | grep -E '(domctl|memory_op) command [0-9]+ is not implemented' || echo "nothing was asked for in vain"
# CHECK-NEXT: nothing was asked for in vain
xl destroy all; await gone all
