"""The files of a checkout, which need not be a repository of git's: CI may have been given the files alone."""

import os
from pathlib import Path

from basalt import places

_NOT_OURS = {".git", "__pycache__"}


def files(checkout):
    """Their names, without what is built there (.gitignore names the same)."""
    built = {checkout / "build", places.build}
    names = []
    for folder, folders, found in os.walk(checkout):
        here = Path(folder)
        folders[:] = [name for name in folders if name not in _NOT_OURS and here / name not in built]
        names += [str((here / name).relative_to(checkout)) for name in found if name not in _NOT_OURS]
    return sorted(names)
