# RUN: %run --cpus 4 --memory 1G --node 640M,cpus=0-1 --node 384M,cpus=2-3 --script %s | FileCheck %s
#
# A machine of two nodes, each with two CPUs: tools see which, how large they are, and how far one is from the other.

xl info -n | awk '/^cpu_topology/ { part = "cpu" } /^device topology/ { part = "" } /^numa_info/ { part = "node" }
    /^nr_nodes/ { print "nodes:", $3 }
    part != "" && $1 ~ /^[0-9]+:$/ { print part, $1, part == "cpu" ? $4 : $2 - $2 % 10 " " ($3 > 0 && $3 <= $2 ? "some of it free" : $3) " " $4 }'
# CHECK: nodes: 2
# CHECK-NEXT: cpu 0: 0
# CHECK-NEXT: cpu 1: 0
# CHECK-NEXT: cpu 2: 1
# CHECK-NEXT: cpu 3: 1
# CHECK-NEXT: node 0: 640 some of it free 10,21
# CHECK-NEXT: node 1: 380 some of it free 21,10
