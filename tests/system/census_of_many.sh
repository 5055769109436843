# RUN: %run %mini --script %s | FileCheck %s
#
# More domains than fit into one page of the list that the hypervisor fills: all are counted.

. ~/words.sh
for n in $(seq 34); do start_mini "mini$n" rest; done
await said mini34 'mini: here'; ~/census
# CHECK: frames {{[0-9]+}} ports {{[0-9]+}} domains 35
