"""Builds targets of the tree's CMake presets, telling only what went wrong.

    python3 -m basalt.build PRESET [TARGET...]
"""

import subprocess
import sys

from basalt import builds, places
from basalt.progress import Trouble


def configure(preset, **settings):
    places.see_that_build_is_writable()
    folder = places.build / preset
    _run("cmake", builds.configuring(preset, folder, **settings))


def build(preset, *targets):
    places.see_that_build_is_writable()
    folder = places.build / preset
    if not builds.is_configured(folder):
        configure(preset)
    _run(f"the build of {' and '.join(targets) or preset}",
         ["cmake", "--build", folder, *(["--target", *targets] if targets else [])])
    return folder


def _run(what, command):
    ran = subprocess.run(command, cwd=places.checkout, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True)
    if ran.returncode != 0:
        # ninja repeats the whole command of what failed; nobody reads that.
        print("".join(line for line in ran.stdout.splitlines(True) if len(line) < 1000), end="", flush=True)
        raise Trouble(f"{what} failed (status {ran.returncode})")


if __name__ == "__main__":
    try:
        build(*sys.argv[1:])
    except Trouble as trouble:
        sys.exit(f"basalt.build: {trouble}")
