# RUN: %run-with-guest --script %s | FileCheck %s
#
# Without options, boot/run starts a guest: the tools list it, and it says so itself on its console.

xl list | tail -n +2 | awk '{ print $1, $2 }'
# CHECK: Domain-0 0
# CHECK-NEXT: hello 1
until grep -q 'hello from' /var/log/xen/guest-hello.log; do usleep 100000; done
grep -o 'hello from.*' /var/log/xen/guest-hello.log
# CHECK-NEXT: hello from a PV guest: Linux 6.1
xl destroy hello; echo "domains left: $(xl list | tail -n +2 | wc -l)"
# CHECK-NEXT: domains left: 1
