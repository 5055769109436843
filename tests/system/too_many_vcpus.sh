# REQUIRES: basalt
# RUN: %run %mini --script %s | FileCheck %s
#
# A guest of more vcpus than there may be is refused, and the reason can be read. (Stock Xen makes it.)

. ~/words.sh
start_mini crowd spin 'vcpus = 65' 2>&1 | grep -o -m1 'domain creation fail.*'
# CHECK: domain creation fail: Invalid argument
xl dmesg | grep -o 'a domain of 65 vcpus.*'
# CHECK-NEXT: a domain of 65 vcpus is wished: it may have 64 at most
