"""Builds targets of the tree's CMake presets, telling only what went wrong."""

import subprocess

import places
from progress import Trouble


def configure(preset, **settings):
    folder = places.build / preset
    _run("cmake", ["cmake", "--preset", preset, "-B", folder, *(f"-D{name}={value}" for name, value in settings.items())])


def build(preset, *targets):
    folder = places.build / preset
    if not (folder / "build.ninja").exists():
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
