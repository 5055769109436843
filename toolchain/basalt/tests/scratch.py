"""A copy of the checkout's files to do damage to, with a build folder of its own that reuses the fetched packages."""

import fcntl
import filecmp
import os
import shutil

from basalt import places
from basalt.progress import Trouble
from basalt.tests.listing import files

_FOLDER = places.build / "faults"


def build_folder():
    return _FOLDER / "build"


def refresh():
    """The copy, with the same contents as the checkout, whatever was left of it. Equal files keep their dates."""
    _stay_alone()
    tree = _FOLDER / "tree"
    wanted = set(files(places.checkout))
    for name in sorted(wanted):
        _copy(places.checkout / name, tree / name)
    for name in set(files(tree)) - wanted:
        (tree / name).unlink()
    _link_packages()
    return tree


def _stay_alone():
    """The lock is this process's until it ends, whatever program it becomes."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    lock = os.open(_FOLDER / "lock", os.O_RDWR | os.O_CREAT)
    os.set_inheritable(lock, True)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Trouble("another run is at work in this build folder") from None


def _copy(source, target):
    if target.exists() and filecmp.cmp(source, target, shallow=False):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def _link_packages():
    link = build_folder() / "packages"
    build_folder().mkdir(parents=True, exist_ok=True)
    if link.is_symlink() and link.resolve() != places.packages.resolve():
        link.unlink()       # of the checkout that this one was copied from
    if not link.is_symlink():
        link.symlink_to(places.packages)
