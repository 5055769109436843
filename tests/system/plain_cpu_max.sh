# REQUIRES: basalt
# RUN: %run --cpu max --cpus 4 --script %s | FileCheck %s
#
# Basalt's own promise: QEMU's whole CPU model, with the SMAP and the five-level paging stock Xen's Dom0 dies of there.

nproc
# CHECK: 4
