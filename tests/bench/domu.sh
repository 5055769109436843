# In Dom0: starts this kernel again as a guest whose init makes way for the measuring program, and shows what it says. ROWS names
# the rows; none is all. Its disk is memory here, its network a bridge at which the program serves. Nothing else wakes before the
# guest has ended, since whatever runs would be counted. Some kernels have no modules, but what they are for.
modprobe -q -a sr_mod isofs
modprobe -q brd rd_nr=1 rd_size=16384
mkdir -p /media && mount -t iso9660 -o ro /dev/sr0 /media && [ -b /dev/ram0 ] || exit 1
ip link add xenbr0 type bridge && ip addr add 192.168.7.1/24 dev xenbr0 && ip link set xenbr0 up || exit 1
/root/userland serve &
cat >/tmp/bench.cfg <<END
name = "bench"
kernel = "/media/boot/module0"
ramdisk = "/root/domu.cpio"
extra = "console=hvc0 -- $ROWS"
memory = 400
disk = ["phy:/dev/ram0,xvda,w"]
vif = ["bridge=xenbr0,mac=00:16:3e:00:00:07"]
on_poweroff = "destroy"
on_crash = "destroy"
END
xenstore-watch -n 2 @releaseDomain >/dev/null &
watch=$!
xl create -q /tmp/bench.cfg || exit 1
wait "$watch"
tr -d '\r' </var/log/xen/guest-bench.log
