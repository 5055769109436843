"""guest-pv-linux-patches/build: from nothing to a kernel with some of the patches in it."""

import argparse
import os
import signal
import sys

from basalt import prepare
from basalt.kernel import make, series, source
from basalt.progress import Trouble, say


def options():
    parser = argparse.ArgumentParser(
        prog="guest-pv-linux-patches/build", allow_abbrev=False,
        description="Fetches Debian's source of Linux 6.1, applies the series, and builds a kernel: Debian's options, with the modules "
                    "that Dom0's image loads, or a small one for guests. It takes as long as a kernel takes; interrupted, it goes on.")
    add = parser.add_argument
    add("--small", action="store_true", help="a kernel for guests: PV drivers, no modules, a few MB")
    add("--series", default="all", metavar="NAMES", help="none, all (which is the default), or numbers and parts of names, with commas")
    add("--jobs", type=int, default=os.cpu_count(), metavar="N", help="how many compile at once (as many as there are CPUs)")
    add("--source", action="store_true", help="only the source, with the series in it")
    return parser.parse_args()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    chosen = options()
    try:
        wanted = series.chosen(chosen.series)
        prepare.kernel_tools()
        if chosen.source:
            with source.locked():
                print(source.with_series(wanted))
            return 0
        if not chosen.small:
            prepare.packages()      # Debian's own kernel, whose options these are
        result = make.build("small" if chosen.small else "debian", wanted, chosen.jobs)
    except Trouble as trouble:
        print(f"guest-pv-linux-patches/build: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("interrupted: the same command goes on from here")
        return 130
    print(result.words)
    if chosen.small:
        say(f"boot/run --guest-kernel {os.path.relpath(result.vmlinux)} starts it" if chosen.series != "all" else "boot/run --guest-kernel patched starts it")
    else:
        say(f"boot/run --kernel {os.path.relpath(result.vmlinux)} has it as Dom0's")
    return 0


if __name__ == "__main__":
    sys.exit(main())
