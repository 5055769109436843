# RUN: rm -f %t.disk && truncate -s 32M %t.disk
# RUN: %run --disk %t.disk --file %S/words.sh --script %s | FileCheck %s
#
# A guest keeps files on a disk that is a file in Dom0, and on one that is a block device there: what it wrote is what
# Dom0 reads when the guest is gone. Disks come to a running
# guest and go again.

. ~/words.sh
truncate -s 32M /tmp/file.img
free_before=$(xl info free_memory)
start_linux keeper "disk = ['file:/tmp/file.img,xvda,w', 'phy:/dev/vda,xvdb,w']"; await_shell keeper
in_guest keeper 'grep -E "xvd[a-z]" /proc/partitions | tr -s " "'
# CHECK: 202 0 32768 xvda
# CHECK-NEXT: 202 16 32768 xvdb
xl block-list keeper | awk 'NR > 1 { print $1, $2, $4 }'
# CHECK-NEXT: 51712 0 4
# CHECK-NEXT: 51728 0 4

# Five megabytes that are nowhere twice the same, but the same on every run.
stream='seq 1 800000'
for disk in xvda xvdb; do
    in_guest keeper "mke2fs -q -F /dev/$disk >/dev/null 2>&1; mount -t ext4 /dev/$disk /mnt && $stream >/mnt/stream && sync"
    in_guest keeper "echo 3 >/proc/sys/vm/drop_caches; md5sum </mnt/stream; umount /mnt && echo left $disk"
done
# CHECK-NEXT: [[SUM:[0-9a-f]+]] -
# CHECK-NEXT: left xvda
# CHECK-NEXT: [[SUM]] -
# CHECK-NEXT: left xvdb

# Attached while it runs, and away again: not while it is in use.
truncate -s 8M /tmp/late.img
xl block-attach keeper file:/tmp/late.img xvdd w
in_guest keeper 'until [ -b /dev/xvdd ]; do usleep 100000; done; echo the late disk >/dev/xvdd; sync; cat /proc/partitions | grep -c xvd'
# CHECK-NEXT: 3
xl block-list keeper | awk 'NR > 1 { print $1, $4 }' | tail -1
# CHECK-NEXT: 51760 4
xl block-detach keeper xvdd; await in_guest keeper '! grep xvdd /proc/partitions' && head -1 /tmp/late.img
# CHECK-NEXT: the late disk
one_less() { [ "$(xl block-list keeper | wc -l)" = 3 ]; }
await one_less && in_guest keeper 'grep -c xvd /proc/partitions'
# CHECK-NEXT: 2

xl destroy keeper; await gone keeper
no_loop() { [ -z "$(losetup -a)" ]; }
await no_loop && echo "no loop device is left"
# CHECK-NEXT: no loop device is left
$stream | md5sum
# CHECK-NEXT: [[SUM]] -
for disk in /tmp/file.img /dev/vda; do
    mount -t ext4 -o ro "$disk" /mnt && md5sum </mnt/stream && umount /mnt
done
# CHECK-NEXT: [[SUM]] -
# CHECK-NEXT: [[SUM]] -
all_free() { [ "$(xl info free_memory)" -ge "$free_before" ]; }
await all_free && echo "all memory is back"
# CHECK-NEXT: all memory is back
