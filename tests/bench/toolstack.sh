# In Dom0: what xl does to make and to end domains, by their kind and by how many are there, and to give one a device and to take
# it away. Each act is counted by the measuring program, from xl's birth to its end. The words are functions of this file.
count() { # ROW COMMAND...
    row=$1
    shift
    /root/userland time "$row" "$@" || exit 1
}
xl=/usr/sbin/xl

# Until it succeeds, a minute at most. Nothing is counted meanwhile.
await() {
    tries=0
    until "$@" >/dev/null 2>&1; do
        [ $((tries += 1)) -lt 300 ] || { echo "never came true: $*"; exit 1; }
        usleep 200000
    done
}

# A domain of 4 MiB that does nothing.
mini() { printf '%s\n' "name = \"$1\"" 'kernel = "/root/mini"' 'memory = 4' 'extra = "rest"' >"/tmp/$1.cfg"; }

info() { $xl info "$1"; }

builds() {
    echo "bench memory_taken $(((1024 - $(info free_memory) - $($xl list 0 | awk 'NR == 2 { print $3 }')) * 1024)) 1"
    for _ in 1 2 3; do
        count create_mini $xl create -q -e -p /tmp/paused.cfg
        count destroy_mini $xl destroy paused
        count create_linux $xl create -q -e -p /tmp/linux.cfg
        count destroy_linux $xl destroy linux
        count list_domains $xl list >/tmp/list && grep '^bench ' /tmp/list
    done
}

# With a disk that is a file here, and with a card of a network.
devices() {
    { sed 's/^name = .*/name = "disk"/' /tmp/linux.cfg; echo "disk = ['file:/tmp/disk.img,xvda,w']"; } >/tmp/disk.cfg
    { sed 's/^name = .*/name = "vif"/' /tmp/linux.cfg; echo "vif = ['bridge=xenbr0,mac=00:16:3e:00:00:07']"; } >/tmp/vif.cfg
    for device in disk vif disk vif; do
        count create_$device $xl create -q -e -p /tmp/$device.cfg
        count destroy_$device $xl destroy $device
    done
}

# The same devices of one that runs: each is there when its driver has come to it, and gone when the driver has let it go.
state_of() { xenstore-read "/local/domain/0/backend/$1/$($xl domid linux)/$2/state"; }
connected() { [ "$(state_of "$@")" = 4 ]; }
disconnected() { ! state_of "$@"; }
attachments() {
    $xl create -q -e /tmp/linux.cfg || exit 1
    await grep -q '# ' /var/log/xen/guest-linux.log
    for _ in 1 2; do
        count attach_disk $xl block-attach linux file:/tmp/disk.img xvdb w && await connected vbd 51728
        count detach_disk $xl block-detach linux xvdb && await disconnected vbd 51728
        count attach_vif $xl network-attach linux bridge=xenbr0 mac=00:16:3e:00:00:08 && await connected vif 0
        count detach_vif $xl network-detach linux 0 && await disconnected vif 0
    done
    $xl destroy linux
}

by_number() {
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
    for size in 30 10 1; do
        while [ $number -gt $size ]; do
            $xl destroy "mini$number" || exit 1
            number=$((number - 1))
        done
        count "destroy_mini_$size" $xl destroy "mini$number"
        number=$((number - 1))
    done
}

in_large_machine() {
    for _ in 1 2 3; do
        count create_mini_4g $xl create -q -e -p /tmp/paused.cfg
        count destroy_mini_4g $xl destroy paused
    done
}

mini paused
mkdir -p /media && modprobe -q -a sr_mod isofs && mount -t iso9660 -o ro /dev/sr0 /media || exit 1
sed 's/^name = .*/name = "linux"/' /etc/xen/hello.cfg >/tmp/linux.cfg    # nothing but its build is counted
truncate -s 4M /tmp/disk.img
ip link add xenbr0 type bridge && ip link set xenbr0 up

# What goes wrong ends its own part only.
status=0
for part; do ("$part") || status=1; done
exit $status
