"""guest-pv-linux-patches/measure: what each patch changes, in instructions, on Basalt and on stock Xen."""

import argparse
import os
import sys

from basalt import prepare
from basalt.bench import boots, rows, run
from basalt.build import build
from basalt.kernel import make, series
from basalt.progress import Trouble, say, step

# What a kernel does with page tables, tasks and packets: of tests/bench's rows those that a patch may move.
DOM0 = ("getppid", "pipe_pingpong", "fork_exit", "fork_4m", "fork_write_4m", "page_touch", "file_read", "file_write", "mprotect")
DOMU = ("disk_1", "disk_16", "tcp_byte", "tcp_send", "tcp_receive")
ROWS = {"dom0": ("boot_kernel", *DOM0), "domu": tuple(f"domu_{name}" for name in DOMU)}


def in_dom0(side, options):
    text = boots.userland(DOM0, "dmesg | grep 'Run /init'", side, options=options)
    return boots.rows_in(text, rows.USERLAND) | {"boot_kernel": run.kernel_to_init(text)}


def in_domu(side, options):
    return boots.rows_in(boots.domu(DOMU, side, options=options), rows.DOMU)


MEASURES = {"dom0": in_dom0, "domu": in_domu}


def shown(count):
    return "-" if count is None else f"{count / 1e6:,.1f} M" if count >= 1e7 else f"{count:,.0f}"


def table(results, names, side):
    """A column for each kernel, by row; beside the first the others tell by how much they differ."""
    kernels = list(results)
    lines = [f"| instructions, on {side} | " + " | ".join(kernels) + " |", "| --- |" + " ---: |" * len(kernels)]
    for name in names:
        counts = [results[kernel].get(name) for kernel in kernels]
        cells = [shown(counts[0])]
        cells += [f"{shown(count)} ({count / counts[0] - 1:+.1%})" if count and counts[0] else shown(count) for count in counts[1:]]
        row = rows.named(name)
        lines.append(f"| {row.text}, in {row.group} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def options():
    parser = argparse.ArgumentParser(
        prog="guest-pv-linux-patches/measure", allow_abbrev=False,
        description="Boots the small kernel without a patch, with each alone and with all, and counts instructions: of what a process "
                    "does in Dom0, and of a guest's disk and network where both have that kernel. Kernels are built as they are needed.")
    add = parser.add_argument
    add("--series", action="append", metavar="NAMES", help="only these, beside none; repeatable; as guest-pv-linux-patches/build takes them")
    add("--on", action="append", choices=("basalt", "xen"), help="one side only; repeatable")
    add("--rows", action="append", choices=ROWS, help="only these; repeatable")
    add("--jobs", type=int, default=os.cpu_count(), metavar="N")
    return parser.parse_args()


def main():
    chosen = options()
    sides = chosen.on or ["basalt", "xen"]
    parts = chosen.rows or list(ROWS)
    words = ["none", *(chosen.series or [*(patch.number for patch in series.patches()), "all"])]
    results = {side: {word: {} for word in words} for side in sides}
    try:
        prepare.packages()
        prepare.kernel_tools()
        build("release", "guests", "story-files", "basalt")
        for word in words:
            kernel = make.build("small", series.chosen(word), chosen.jobs)
            for side in sides:
                for part in parts:
                    with step(f"{word}, {part} on {boots.SIDES[side]}"):
                        results[side][word] |= MEASURES[part](side, ["--kernel", str(kernel.vmlinux)])
    except Trouble as trouble:
        say(str(trouble))
        return 1
    names = [name for part in parts for name in ROWS[part]]
    print("\n\n".join(table(results[side], names, boots.SIDES[side]) for side in sides))
    return 0


if __name__ == "__main__":
    sys.exit(main())
