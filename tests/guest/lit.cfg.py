"""The guest ring for lit: every .cpp here is a test whose RUN line boots it; -D on=xen boots stock Xen instead of Basalt."""

import os
import sys
from pathlib import Path

import lit.formats

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here.parents[1] / "toolchain"))
from basalt import places

on = lit_config.params.get("on", "basalt")
config.name = f"guest on {on}"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".cpp"]
config.excludes = ["kit"]
config.test_source_root = str(here)
config.test_exec_root = str(places.build / "tests" / "guest" / on)
smap = "--smap" if on == "basalt" else ""       # a guest that the emulator fails then says --no-smap
config.substitutions.append(("%boot-guest", f"python3 {here}/boot_guest.py %s --on {on} {smap}"))
config.substitutions.append(("%each-instruction", f"python3 {here}/each_instruction.py"))
config.environment["PATH"] = f"{places.llvm}/bin:" + os.environ["PATH"]
config.environment["BASALT_BUILD"] = str(places.build)
config.available_features.add(on)
