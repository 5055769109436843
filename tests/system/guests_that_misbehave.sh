# RUN: %run %mini --append guest_loglvl=all --script %s | FileCheck %s
#
# Domains do what no kernel should do. Each gets an error, or dies with a clear line on the hypervisor's console; Dom0 and
# a guest beside them go on.

. ~/words.sh
start_linux witness; await_shell witness
in_guest witness 'while :; do date +%s >/tmp/beat; usleep 100000; done & echo beats'
# CHECK: beats
~/census >/tmp/before

# The witness, and Dom0, still do their work.
witnesses() {
    local beat
    beat=$(in_guest witness 'cat /tmp/beat')
    await in_guest witness "[ \$(cat /tmp/beat) -gt $beat ]" && echo "$1: the witness lives"
}
crashed() { [ "$(state_of "$1" | cut -c5)" = c ]; }
dies() {
    start_mini "$1" "$1" && await crashed "$1" && echo "$1: crashed"
    xl destroy "$1"; await gone "$1"; witnesses "$1"
}

dies trap_without_handlers
# CHECK-NEXT: trap_without_handlers: crashed
# CHECK-NEXT: trap_without_handlers: the witness lives
dies jump_wildly
# CHECK-NEXT: jump_wildly: crashed
# CHECK-NEXT: jump_wildly: the witness lives
dies trap_with_wild_handlers
# CHECK-NEXT: trap_with_wild_handlers: crashed
# CHECK-NEXT: trap_with_wild_handlers: the witness lives
dies trap_on_a_wild_stack
# CHECK-NEXT: trap_on_a_wild_stack: crashed
# CHECK-NEXT: trap_on_a_wild_stack: the witness lives
xl dmesg | grep -cE 'd[2345]v0 .*|Domain [2345] \(vcpu#0\) crashed' | awk '{ print ($1 >= 4) ? "each said why" : $0 }'
# CHECK-NEXT: each said why
xl dmesg | sed -nE '/d[2345]v0 crashed|Domain [2345] .*crashed/,$p' | grep -oE 'cr0|fs base|fsb|stack' | sed 's/fsb/fs base/' | sort -u
# CHECK-NEXT: cr0
# CHECK-NEXT: fs base
# CHECK-NEXT: stack

# Entries that name frames of others are refused, whichever way they are written.
start_mini name_frames_of_others name_frames_of_others; await said name_frames_of_others 'still here'
tr -d '\r' <"$(log_of name_frames_of_others)" | grep refused
# CHECK-NEXT: mini: {{[0-9][0-9][0-9]+}} entries refused, 0 taken
xl destroy name_frames_of_others; await gone name_frames_of_others; witnesses name_frames_of_others
# CHECK-NEXT: name_frames_of_others: the witness lives

# One that never lets go of its CPU, events shut out, has no more than its share of it.
start_mini spin spin; await said spin 'here to spin'; witnesses spin
# CHECK-NEXT: spin: the witness lives
xl list spin | awk 'NR == 2 { print ($6 > 0.1) ? "it did spin" : $0 }'
# CHECK-NEXT: it did spin
ping -q -c 3 10.0.2.2 | grep transmitted
# CHECK-NEXT: 3 packets transmitted, 3 packets received, 0% packet loss
xl destroy spin; await gone spin
same() { [ "$(~/census)" = "$(cat /tmp/before)" ]; }
await same && echo "nothing of them is left"
# CHECK-NEXT: nothing of them is left
