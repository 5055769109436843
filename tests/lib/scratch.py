"""A copy of the checkout's files to do damage to, with a build folder of its own that reuses the fetched packages."""

import filecmp
import shutil
import subprocess

import places

_FOLDER = places.build / "faults"


def build_folder():
    return _FOLDER / "build"


def refresh():
    """The copy, with the same contents as the checkout, whatever was left of it. Equal files keep their dates."""
    tree = _FOLDER / "tree"
    wanted = set(_files(places.checkout))
    if not (tree / ".git").exists():
        tree.mkdir(parents=True, exist_ok=True)
        # git apply passes over files that belong to another repository's ignored folder.
        subprocess.run(["git", "init", "-q", tree], check=True)
    for name in sorted(wanted):
        _copy(places.checkout / name, tree / name)
    for name in set(_files(tree)) - wanted:
        (tree / name).unlink()
    _link_packages()
    return tree


def _files(checkout):
    """Tracked or new, not ignored, and there."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=checkout,
                            stdout=subprocess.PIPE, check=True).stdout.decode().split("\0")
    return [name for name in listed if name and (checkout / name).exists()]


def _copy(source, target):
    if target.exists() and filecmp.cmp(source, target, shallow=False):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def _link_packages():
    link = build_folder() / "packages"
    build_folder().mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(places.packages)
