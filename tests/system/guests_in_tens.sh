# RUN: echo %rounds >%t.rounds
# RUN: %run %mini --file %t.rounds --script %s | FileCheck %s
#
# Ten domains at a time are made and ended, again and again: free frames, Dom0's ports and the list of domains are each
# time as they were after the first. `tests/run --rounds 100` has more of it.

. ~/words.sh

round() {
    local n
    for n in $(seq 10); do start_mini "mini$n" rest; done
    for n in $(seq 10); do await said "mini$n" 'mini: here' "$1"; done
    echo "round $1: $(xl list | grep -c '^mini.*-b----') of 10 rest"
    for n in $(seq 10); do xl destroy "mini$n"; done
}
# What is left of a domain may go a little later.
same() { [ "$(~/census)" = "$counted" ]; }

round 1
# CHECK: round 1: 10 of 10 rest
await gone 'mini[0-9]*'; counted=$(~/census); echo "$counted"
# CHECK-NEXT: frames {{[0-9]+}} ports {{[0-9]+}} domains 1
rounds=$(cat ~/*.rounds)
for number in $(seq 2 $((rounds + 1))); do
    round "$number"
    await same || { echo "round $number left a mark: $(~/census)"; exit 1; }
done
# CHECK-NOT: left a mark
# CHECK: round [[#]]: 10 of 10 rest
echo "$rounds rounds left no mark"
# CHECK: {{[0-9]+}} rounds left no mark
