# REQUIRES: basalt
# RUN: bash -c "%run --append break=reference --script %s; test $? = 125" 2>&1 | FileCheck %s
#
# Stock Xen does not audit itself. What Basalt's audit finds at the end is told in one line, and the run has failed
# though its command has not.

echo well
# CHECK: well
# CHECK: audit: frame {{[0-9a-f]+}} of Basalt: references: found 2, expected 0
