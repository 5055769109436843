# REQUIRES: basalt
# RUN: %run --memory 8G --cpus 2 --dom0-memory all --append "dom0_mem=100G dom0_max_vcpus=1-16" --script %s | FileCheck %s
#
# Stock Xen gives away the last frame when it is asked for more than there is, and panics. Here a wish that does not fit is fitted,
# and told.

xl dmesg | grep -E 'dom0_mem:|Dom0 has'
# CHECK: dom0_mem: 102400 MiB are wished, more than can be given away: Dom0 gets [[#MEMORY:]] MiB
# CHECK-NEXT: Dom0 has [[#MEMORY]] MiB, 2 vcpus
xl list Domain-0 | awk 'NR == 2 { print ($3 > 7900), $4 }'
# CHECK-NEXT: 1 2
