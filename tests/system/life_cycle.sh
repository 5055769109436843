# RUN: %run --file %S/words.sh --script %s | FileCheck %s
#
# A guest is made, watched, held, talked to, restarted and ended with xl alone.

. ~/words.sh
free_before=$(xl info free_memory)

start_linux hello 'vcpus = 2' && xl destroy hello && xl create -q -p /tmp/hello.cfg && state_of hello
# CHECK: --p---
xl list | awk 'NR > 1 { print $1, $3, $4 }'
# CHECK-NEXT: Domain-0 512 1
# CHECK-NEXT: hello 128 1
xl list -l hello | grep -E '"(name|type|target_memkb)":' | tr -d ' ,' | sort
# CHECK-NEXT: "name":"hello"
# CHECK-NEXT: "target_memkb":131072
# CHECK-NEXT: "type":"pv"
xl vcpu-list hello | awk 'NR > 1 { print $1, $3, $5 }'    # the second is off until the kernel starts it
# CHECK-NEXT: hello 0 ---
# CHECK-NEXT: hello 1 --p

# Held, it does nothing; let go, it speaks; held again, it does nothing until it is let go again.
xl vcpu-list hello | awk '$3 == 0 { print "ran for", $6 }'
# CHECK-NEXT: ran for 0.0
xl unpause hello; await_shell hello; grep -o 'hello from.*[0-9],' "$(log_of hello)"
# CHECK-NEXT: hello from a PV guest: Linux 6.1
in_guest hello 'nproc; echo $((6 * 7))'
# CHECK-NEXT: 2
# CHECK-NEXT: 42
idle() { [ "$(state_of hello)" = "-b----" ]; }
await idle && state_of hello
# CHECK-NEXT: -b----
xl pause hello; state_of hello | grep -o p
# CHECK-NEXT: p
tty=$(xenstore-read /local/domain/2/console/tty)
echo 'echo awake' >"$tty"; xentop -b -i 2 -d 1 | awk '$1 == "hello" { used = $4 } END { print "used", used, "%" }'
# CHECK-NEXT: used 0.0 %
times hello '^awake'
# CHECK-NEXT: 0
xl unpause hello; await said hello '^awake' && echo "awake again"
# CHECK-NEXT: awake again

xentop -b -i 1 | awk 'NR > 1 { print $1, $9 }' | sort
# CHECK-NEXT: Domain-0 1
# CHECK-NEXT: hello 2
xenstore-ls /local/domain/2 | grep -E '^(name|domid)'
# CHECK-NEXT: name = "hello"
# CHECK-NEXT: domid = "2"

# Restarted, it is a new domain with the same name; asked to end, it is none.
xl reboot hello >/dev/null 2>&1; await said hello 'hello from' 2; xl list hello | awk 'NR > 1 { print $1, $2 }'
# CHECK-NEXT: hello 3
await_shell hello 2; in_guest hello 'cut -d. -f1 /proc/uptime | grep -qE "^.{1,2}$" && echo new'
# CHECK-NEXT: new
xl shutdown -w hello 2>&1 | tail -1; await gone hello && echo "$(xl list | awk 'NR > 1' | wc -l) domain"
# CHECK-NEXT: Domain 3 has been shut down, reason code 0
# CHECK-NEXT: 1 domain
xl create -q /tmp/hello.cfg; xl destroy hello; await gone hello && echo "destroyed"
# CHECK-NEXT: destroyed
xl debug-keys q; xl dmesg | grep -c "'q' pressed"
# CHECK-NEXT: 1
all_free() { [ "$(xl info free_memory)" = "$free_before" ]; }
await all_free && echo "all memory is back"
# CHECK-NEXT: all memory is back
