# What the stories of guests share. `%guests` puts it into Dom0's /root; a story begins with `. ~/words.sh`.

# Tries a command until it succeeds. A minute's wait is told once on the console: if it is for good, silence ends the run, and
# these are its last words.
await() {
    local tries=0
    until "$@" >/dev/null 2>&1; do
        [ $((tries += 1)) != 300 ] || echo "story: still waits for: $*" >/dev/console
        usleep 200000
    done
}

log_of() { echo "/var/log/xen/guest-$1.log"; }

# How often the guest has said something on its console; whether it has said it often enough (once).
times() { tr -d '\r' <"$(log_of "$1")" | grep -cE -- "$2"; }
said() { [ "$(times "$1" "$2")" -ge "${3:-1}" ]; }

# Starts the Linux guest of dom0/image/hello under the name given; more lines of its configuration may follow. A kernel without
# modules has what they are for.
start_linux() {
    local name=$1 line
    shift
    grep -q ' /media ' /proc/mounts || { modprobe -q -a sr_mod isofs 2>/dev/null; mount -t iso9660 -o ro /dev/sr0 /media; }
    sed "s/^name = .*/name = \"$name\"/" /etc/xen/hello.cfg >"/tmp/$name.cfg"
    for line; do echo "$line"; done >>"/tmp/$name.cfg"
    xl create -q "/tmp/$name.cfg"
}

# Its shell has come to its prompt.
await_shell() { await said "$1" 'hello from' "${2:-1}" && await grep -q '# ' "$(log_of "$1")"; }

# Types a command on a guest's console, prints what it prints there, and answers with its status. The marks around the
# output are typed in two halves, so that the echo of the typing is no mark.
in_guest() {
    local mark log status
    mark=$(cut -c1-8 /proc/sys/kernel/random/uuid)
    log=$(log_of "$1")
    printf "echo; echo '<'%s; { %s; } 2>&1; echo '>'%s:\$?\n" "$mark" "$2" "$mark" \
        >"$(xenstore-read "/local/domain/$(xl domid "$1")/console/tty")"
    await grep -q "^>$mark:" "$log" || return
    tr -d '\r' <"$log" | sed -n "/^<$mark\$/,/^>$mark:/p" | grep -v "^[<>]$mark"
    status=$(tr -d '\r' <"$log" | sed -n "s/^>$mark://p")
    return "$status"
}

# The letters of a domain's state, as `xl list` shows them.
state_of() { xl list "$1" | awk 'NR == 2 { print $5 }'; }
listed() { xl list | awk -v name="$1" '$1 == name { found = 1 } END { exit !found }'; }
gone() { ! listed "$1"; }

# Starts a domain of mini.cpp that does what is asked, unattended; more lines of its configuration may follow.
start_mini() {
    local name=$1 deed=$2
    shift 2
    printf '%s\n' "name = \"$name\"" 'kernel = "/root/mini"' 'memory = 4' "extra = \"$deed\"" 'on_crash = "preserve"' "$@" \
        >"/tmp/$name.cfg"
    xl create -q -e "/tmp/$name.cfg"
}
