# REQUIRES: basalt
# RUN: head -c 1000000 %dom0-kernel >%t
# RUN: bash -c "%run --kernel %t --exec true; test $? = 125" 2>&1 | FileCheck %s
#
# Stock Xen says in other words why it does not start a kernel. Here the panic itself, which is all that boot/run shows, says it.
# CHECK: panicked: (XEN) Panic on CPU 0: Dom0's kernel cannot be started: the file is cut short: 1000000 bytes, a segment of
