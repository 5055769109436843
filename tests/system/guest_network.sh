# RUN: %run --cpus 2 --file %S/words.sh --script %s | FileCheck %s
#
# A guest and Dom0 share a bridge: they reach each other with packets of every size, and a hundred megabytes over TCP
# arrive as they left. Network cards come to a running guest and go again.

. ~/words.sh
ip link add xenbr0 type bridge && ip addr add 192.168.7.1/24 dev xenbr0 && ip link set xenbr0 up
free_before=$(xl info free_memory)
start_linux talker "vif = ['bridge=xenbr0,mac=00:16:3e:00:00:07']"; await_shell talker
in_guest talker 'ip link set eth0 up; ip addr add 192.168.7.2/24 dev eth0; cat /sys/class/net/eth0/address'
# CHECK: 00:16:3e:00:00:07
xl network-list talker | awk 'NR > 1 { print $1, $3, $5 }'
# CHECK-NEXT: 0 00:16:3e:00:00:07 4
for size in 1 1000 1400 60000; do ping -q -c 3 -s $size 192.168.7.2 | grep transmitted; done
# CHECK-NEXT: 3 packets transmitted, 3 packets received, 0% packet loss
# CHECK-NEXT: 3 packets transmitted, 3 packets received, 0% packet loss
# CHECK-NEXT: 3 packets transmitted, 3 packets received, 0% packet loss
# CHECK-NEXT: 3 packets transmitted, 3 packets received, 0% packet loss
in_guest talker 'ping -q -c 3 -s 1400 192.168.7.1 | grep transmitted'
# CHECK-NEXT: 3 packets transmitted, 3 packets received, 0% packet loss

# 100 MiB of Dom0's kernel, over and over, summed at both ends.
stream() { while cat /media/boot/module0; do :; done 2>/dev/null | head -c 104857600; }
# Which of busybox's two kinds of nc ends when differs: both ends count, and are ended.
in_guest talker 'sleep 10000 | nc -l -p 7007 | head -c 104857600 | md5sum >/tmp/sum & sleep 0'
listens() { in_guest talker 'netstat -ltn | grep -q :7007'; }
# One asks the guest at a time: what another one types would be taken for an answer.
await listens
{ stream; sleep 10000; } | nc 192.168.7.2 7007 >/dev/null &
arrived() { [ -n "$(in_guest talker 'cat /tmp/sum')" ]; }
# Looking takes the CPU from those who work: seldom. As long as something arrives it is told, and nobody calls this silence.
bytes=0
until arrived; do
    sleep 5
    before=$bytes; bytes=$(cat /sys/class/net/vif*/statistics/tx_bytes)
    [ "$bytes" = "$before" ] || echo "story: $bytes bytes are sent" >/dev/console
done
{ killall nc sleep; wait; } 2>/dev/null; in_guest talker 'killall nc sleep; true' >/dev/null
[ "$(in_guest talker 'cat /tmp/sum')" = "$(stream | md5sum)" ] && echo "100 MiB are intact"
# CHECK: 100 MiB are intact

# A second card comes, works, and goes.
xl network-attach talker bridge=xenbr0 mac=00:16:3e:00:00:08
in_guest talker 'until [ -e /sys/class/net/eth1 ]; do usleep 100000; done; ip link set eth0 down; ip link set eth1 up
    ip addr flush dev eth0; ip addr add 192.168.7.3/24 dev eth1; cat /sys/class/net/eth1/address'
# CHECK-NEXT: 00:16:3e:00:00:08
ping -q -c 3 192.168.7.3 | grep transmitted
# CHECK-NEXT: 3 packets transmitted, 3 packets received, 0% packet loss
xl network-list talker | awk 'NR > 1 { print $1, $3, $5 }'
# CHECK-NEXT: 0 00:16:3e:00:00:07 4
# CHECK-NEXT: 1 00:16:3e:00:00:08 4
xl network-detach talker 1
one_card() { [ "$(xl network-list talker | wc -l)" = 2 ] && in_guest talker '! [ -e /sys/class/net/eth1 ]'; }
await one_card && echo "the second card is gone"
# CHECK-NEXT: the second card is gone

xl destroy talker; await gone talker
no_vif() { ! ls -d /sys/class/net/*vif* >/dev/null 2>&1; }
await no_vif && echo "no card is left in Dom0"
# CHECK-NEXT: no card is left in Dom0
all_free() { [ "$(xl info free_memory)" -ge "$free_before" ]; }
await all_free && echo "all memory is back"
# CHECK-NEXT: all memory is back
