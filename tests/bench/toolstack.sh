# In Dom0: what xl does to make and to end domains, by their kind and by how many are there, each act counted by the measuring
# program from xl's birth to its end.
count() { # ROW COMMAND...
    row=$1
    shift
    /root/userland time "$row" "$@" || exit 1
}
xl=/usr/sbin/xl

# A domain of 4 MiB that does nothing, and one of Linux, for which nothing but its build is counted.
mini() { printf '%s\n' "name = \"$1\"" 'kernel = "/root/mini"' 'memory = 4' 'extra = "rest"' >"/tmp/$1.cfg"; }
mkdir -p /media && modprobe -q -a sr_mod isofs && mount -t iso9660 -o ro /dev/sr0 /media || exit 1
sed 's/^name = .*/name = "linux"/' /etc/xen/hello.cfg >/tmp/linux.cfg

info() { $xl info "$1"; }
echo "bench memory_taken $(((1024 - $(info free_memory) - $($xl list 0 | awk 'NR == 2 { print $3 }')) * 1024)) 1"

mini paused
for _ in 1 2 3; do
    count create_mini $xl create -q -e -p /tmp/paused.cfg
    count destroy_mini $xl destroy paused
    count create_linux $xl create -q -e -p /tmp/linux.cfg
    count destroy_linux $xl destroy linux
    count list_domains $xl list >/tmp/list && grep '^bench ' /tmp/list
done
# With a disk that is a file here, and with a card of a network.
truncate -s 4M /tmp/disk.img
ip link add xenbr0 type bridge && ip link set xenbr0 up
{ sed 's/^name = .*/name = "disk"/' /tmp/linux.cfg; echo "disk = ['file:/tmp/disk.img,xvda,w']"; } >/tmp/disk.cfg
{ sed 's/^name = .*/name = "vif"/' /tmp/linux.cfg; echo "vif = ['bridge=xenbr0,mac=00:16:3e:00:00:07']"; } >/tmp/vif.cfg
for device in disk vif disk vif; do
    count create_$device $xl create -q -e -p /tmp/$device.cfg
    count destroy_$device $xl destroy $device
done

number=0
for size in 1 10 30; do
    while [ $number -lt $((size - 1)) ]; do
        number=$((number + 1))
        mini "mini$number"
        $xl create -q -e "/tmp/mini$number.cfg" || exit 1
    done
    number=$size
    mini "mini$number"
    count "create_mini_$size" $xl create -q -e "/tmp/mini$number.cfg"
done
count list_31 $xl list >/tmp/list && grep '^bench ' /tmp/list
