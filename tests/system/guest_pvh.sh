# RUN: %run-with-guest --guest pvh --cpus 2 --memory 2G --script %s | FileCheck %s
#
# Debian's kernel as a PVH guest, as shipped, by xl: alone, then one with four vcpus beside it. They are paused, interrupted,
# started anew and ended, and the machine's last audit agrees.

wait_for() { until grep -q "$2" "/var/log/xen/guest-$1.log" 2>/dev/null; do usleep 100000; done; }

xl info | sed -n 's/^virt_caps *: *\(pv hvm hap\).*/\1/p'
# CHECK: pv hvm hap
wait_for hello 'hello from'
grep -o 'hello from.*: Linux' /var/log/xen/guest-hello.log
# CHECK-NEXT: hello from a PVH guest: Linux
sed 's/"hello"/"four"/; s/vcpus = 1/vcpus = 4/; s/memory = 128/memory = 160/' /etc/xen/hello.cfg > /root/four.cfg
xl create -q /root/four.cfg 2> /dev/null
wait_for four 'hello from'
echo "vcpus that were started: $(xl vcpu-list four | tail -n +2 | grep -vc -- --p)"
# CHECK-NEXT: vcpus that were started: 4
xl list | tail -n +2 | awk '{ print $1, $4 }'
# CHECK-NEXT: Domain-0 2
# CHECK-NEXT: hello 1
# CHECK-NEXT: four 4
xl pause hello && xl unpause hello && xl trigger hello nmi
wait_for hello 'NMI'
xl reboot hello > /dev/null 2>&1
until [ "$(grep -c 'hello from' /var/log/xen/guest-hello.log)" = 2 ]; do usleep 100000; done; echo "up again"
# CHECK-NEXT: up again
xl destroy four && xl destroy hello; echo "domains left: $(xl list | tail -n +2 | wc -l)"
# CHECK-NEXT: domains left: 1
