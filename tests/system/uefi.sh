# REQUIRES: basalt
# RUN: %run --uefi --script %s | FileCheck %s
#
# Started by UEFI, by way of GRUB, Dom0 is told where the ACPI tables are: it has its devices' interrupts, and can switch the machine
# off. (Debian's GRUB starts stock Xen with its boot services on, which is another way in.)

xl info | grep -E '^(nr_cpus|free_memory)' | cut -d: -f1
# CHECK: nr_cpus
# CHECK-NEXT: free_memory
(cd /sys/firmware/acpi/tables && ls APIC FACP)
# CHECK-NEXT: APIC
# CHECK-NEXT: FACP
grep -o 'acpi_rsdp=0x[0-9a-f]*' /proc/cmdline
# CHECK-NEXT: acpi_rsdp=0x
