"""CMake's build folders, as they are to be used by this checkout: one that came with a copy builds another checkout's files."""

import re
from pathlib import Path

from basalt import places
from basalt.progress import say

_CACHED = re.compile(r"^(CMAKE_HOME_DIRECTORY|CMAKE_CACHEFILE_DIR):INTERNAL=(.*)$", re.M)


def configuring(preset, folder, **settings):
    """The command that configures `folder`, anew where another checkout, or another place of this one, did that."""
    command = ["cmake", "--preset", preset, "-B", folder, *(f"-D{name}={value}" for name, value in settings.items())]
    if _is_foreign(folder):
        say(f"{folder} belongs to a checkout elsewhere: it is configured anew")
        command.insert(1, "--fresh")
    return command


def is_configured(folder):
    return (folder / "build.ninja").exists() and not _is_foreign(folder)


def _is_foreign(folder):
    cache = folder / "CMakeCache.txt"
    if not cache.exists():
        return False
    found = {name: Path(value).resolve() for name, value in _CACHED.findall(cache.read_text(errors="replace"))}
    return found != {"CMAKE_HOME_DIRECTORY": places.checkout, "CMAKE_CACHEFILE_DIR": Path(folder).resolve()}
