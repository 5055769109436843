# RUN: head -c 8388608 /dev/urandom >%t.virtio
# RUN: truncate -s 8388608 %t.ahci
# RUN: %run --disk %t.virtio --disk ahci:%t.ahci --script %s | FileCheck %s --check-prefixes=CHECK,MSI
# RUN: cmp %t.virtio %t.ahci
# RUN: truncate -s 0 %t.ahci
# RUN: truncate -s 8388608 %t.ahci
# RUN: %run --disk %t.virtio --disk ahci:%t.ahci --dom0-append pci=nomsi --script %s | FileCheck %s --check-prefixes=CHECK,LINE
# RUN: cmp %t.virtio %t.ahci
#
# Dom0 drives disks with its own drivers: what it reads on virtio and writes on AHCI is what the host finds there. Once
# with messages (MSI-X, MSI), once with interrupt lines.

dd if=/dev/vda of=/dev/sda bs=64k conv=fsync 2>/dev/null && echo "copied"
# CHECK: copied
grep -oE '(msi|msi-x|ioapic-level) +(virtio[01]|virtio[01]-req.0|ahci.*)$' /proc/interrupts | tr -s ' ' | sort
# MSI: msi ahci[0000:00:1f.2]
# MSI-NEXT: msi-x virtio{{[01]}}-req.0
# LINE: ioapic-level ahci[0000:00:1f.2]
# LINE-NEXT: ioapic-level virtio0
# LINE-NEXT: ioapic-level virtio1
mke2fs /dev/vda >/dev/null 2>&1; mount -t ext4 /dev/vda /mnt && echo "mounted"
# CHECK: mounted
cp /bin/bash /mnt/ && umount /mnt && mount -t ext4 /dev/vda /mnt && cmp /bin/bash /mnt/bash && echo "same file"
# CHECK-NEXT: same file
umount /mnt
dd if=/dev/vda of=/dev/sda bs=64k conv=fsync 2>/dev/null
