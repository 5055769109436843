# RUN: %run --script %s | FileCheck %s
#
# virtio-net gets an address and reaches its gateway, with packets of every size.

until ip route show default | grep -q via; do usleep 100000; done
ip route show default
# CHECK: default via 10.0.2.2 dev eth0
for size in 1 100 1400; do ping -q -c 3 -s $size 10.0.2.2 | grep transmitted; done
# CHECK-NEXT: 3 packets transmitted, 3 packets received, 0% packet loss
# CHECK-NEXT: 3 packets transmitted, 3 packets received, 0% packet loss
# CHECK-NEXT: 3 packets transmitted, 3 packets received, 0% packet loss
