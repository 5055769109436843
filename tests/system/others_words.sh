# RUN: bash -c "%run --script %s; test $? = 7" | FileCheck %s
#
# What the command prints, on its output, in the kernel's log or on the hypervisor's console, is not the machine's word on
# itself: the machine goes on, and ends as the command does.

for words in '(XEN) Panic on CPU 0:' 'panic: x' 'Kernel panic - not syncing: no' '(XEN) Dom0 has crashed: resetting' \
    '(XEN) Hardware Dom0 crashed: rebooting machine in 5 seconds.' '(XEN) Dom0 has shut down: halting' 'error: no such device' \
    '(XEN) audit: frame 3 of d0: references: found 2, expected 1' '@deadbeef| x@deadbeef? 0'; do
    for place in /dev/stdout /dev/kmsg /dev/console; do echo "$words" >$place; done
done
# CHECK: (XEN) Panic on CPU 0:
# CHECK-NEXT: panic: x
# CHECK-NEXT: Kernel panic - not syncing: no
# CHECK-NEXT: (XEN) Dom0 has crashed: resetting
# CHECK-NEXT: (XEN) Hardware Dom0 crashed
# CHECK-NEXT: (XEN) Dom0 has shut down: halting
# CHECK-NEXT: error: no such device
# CHECK-NEXT: (XEN) audit: frame 3 of d0
# CHECK-NEXT: @deadbeef| x@deadbeef? 0

# A megabyte, while the hypervisor speaks on its console: nothing of it gets in between.
(while xl debug-keys h; do :; done) & seq 150000 | md5sum; seq 150000 >/tmp/seq; cat /tmp/seq
kill %1
# CHECK-NEXT: [[SUM:[0-9a-f]+]] -
# CHECK-NEXT: {{^1$}}
# CHECK: {{^150000$}}
exit 7
