"""The system ring for lit: stories of a whole machine with Debian's Dom0. -D on=xen tells them of stock Xen instead, -D hypervisor=FILE of
a Basalt built elsewhere; -D rounds=100 makes guests_in_tens last.

A story is a script that Dom0 runs (.sh, through boot/run --script) or a program that watches the machine (.py).
"""

import os
import sys
from pathlib import Path

import lit.formats

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here.parents[1] / "toolchain"))
from basalt import places

on = lit_config.params.get("on", "basalt")
file = lit_config.params.get("hypervisor", "xen" if on == "xen" else None)
hypervisor = f" --hypervisor {file}" if file else ""
config.name = f"system on {on}"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".sh", ".py"]
config.excludes = ["lit.cfg.py", "story.py", "words.sh"]
config.test_source_root = str(here)
config.test_exec_root = str(places.build / "tests" / "system" / on)
story_files = places.build / "release" / "story-files"
config.substitutions += [
    ("%run-with-guest", f"{places.checkout}/boot/run{hypervisor}"),
    ("%run", f"{places.checkout}/boot/run{hypervisor} --no-guest"),
    ("%mini", f"--file {here}/words.sh --file {story_files}/mini --file {story_files}/census"),
    ("%page-writers", f"{story_files}/page_writers"),
    ("%rounds", lit_config.params.get("rounds", "3")),
    ("%python", "python3"),
    ("%hypervisor", hypervisor),
    ("%dom0-kernel", str(places.dom0_kernel)),
    ("%vmlinuz", str(next((places.kernel_files / "boot").glob("vmlinuz-*"), "vmlinuz"))),
]
config.environment["PATH"] = f"{places.llvm}/bin:" + os.environ["PATH"]
config.environment["BASALT_BUILD"] = str(places.build)
config.available_features.add(on)
if not lit_config.params.get("pvh"):    # Basalt resets the machine in one run of a few: tests/matrix/pvh runs it until that is found
    config.excludes += ["guest_pvh.sh"]
if not lit_config.params.get("patched"):    # tests/matrix/patched_guest builds their kernel first
    config.excludes += ["patched_dom0.sh", "patched_guest.sh"]
