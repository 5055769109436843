# RUN: %run --memory 512M --dom0-memory all --file %S/words.sh --script %s | FileCheck %s
#
# Without dom0_mem= Dom0 has nearly all there is, and gives a guest its memory by its balloon.

. ~/words.sh
memory_of() { xl list "$1" | awk 'NR == 2 { print $3 }'; }

before=$(memory_of Domain-0)
[ "$before" -gt 440 ] && [ "$before" -lt 512 ] && echo "nearly all"
# CHECK: nearly all
start_linux hello && memory_of hello
# CHECK-NEXT: 128
await_shell hello && in_guest hello 'echo $((6 * 7))'
# CHECK-NEXT: 42
now=$(memory_of Domain-0)
[ $((before - now)) -gt 90 ] && echo "taken from Dom0"
# CHECK-NEXT: taken from Dom0
xl destroy hello; await gone hello
has() { [ "$(memory_of Domain-0)" = "$1" ]; }
xl mem-set Domain-0 $((now + 60)) && await has $((now + 60)) && echo "and given back"
# CHECK-NEXT: and given back
