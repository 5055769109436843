# RUN: %run %mini --append guest_loglvl=none --script %s | FileCheck %s
#
# What guests do is told as guest_loglvl= says. Stock Xen tells of a crash whatever it says; this one is Basalt's promise.

. ~/words.sh
start_mini silent trap_without_handlers
crashed() { [ "$(state_of "$1" | cut -c5)" = c ]; }
await crashed silent && echo "it has crashed"
# CHECK: it has crashed
xl dmesg | grep -c 'd[0-9]*v0'
# CHECK-NEXT: {{^}}0{{$}}
xl destroy silent
