"""Debian's source of the kernel that the patches are for, fetched and unpacked once: <build>/kernel/source."""

import fcntl
import shutil
import subprocess
from contextlib import contextmanager

from basalt import fetch, places
from basalt.kernel import series
from basalt.progress import Trouble, step

PACKAGE = "linux-source-6.1"
ARCHIVE = f"./usr/src/{PACKAGE}.tar.xz"


@contextmanager
def locked():
    """Whoever works in <build>/kernel does so alone."""
    places.see_that_build_is_writable()
    places.kernels.mkdir(parents=True, exist_ok=True)
    with open(places.kernels / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Trouble(f"somebody else is at work in {places.kernels}") from None
        yield


def _fetched():
    debs = places.kernels / "debs"
    if not list(debs.glob("*.deb")):
        half = places.kernels / "debs.new"
        shutil.rmtree(half, ignore_errors=True)
        apt = fetch.Apt(places.kernels / "apt")
        with step(f"download of {PACKAGE}"):
            apt.update()
            apt.download([PACKAGE], half)
        shutil.rmtree(debs, ignore_errors=True)
        half.rename(debs)
    deb, = debs.glob("*.deb")
    return deb


def _unpack(deb, into):
    commands = [["dpkg-deb", "--fsys-tarfile", deb], ["tar", "-xO", ARCHIVE], ["xz", "-dc", "-T2"]]
    stages, previous = [], None
    for command in commands:
        stages.append(subprocess.Popen(command, stdin=previous, stdout=subprocess.PIPE))
        previous = stages[-1].stdout
    into.mkdir()
    tar = subprocess.run(["tar", "-x", "--strip-components=1", "-C", into], stdin=previous)
    if tar.returncode != 0 or any(stage.wait() != 0 for stage in stages):
        raise Trouble(f"cannot unpack {deb}")


def clean():
    """The folder with the source as Debian has it; what patches have changed there, `with_series` changes back."""
    if not places.kernel_source.is_dir():
        deb, half = _fetched(), places.kernels / "source.new"
        for stale in (half, places.kernels / "pristine"):
            shutil.rmtree(stale, ignore_errors=True)
        with step(f"unpacking {PACKAGE}"):
            _unpack(deb, half)
        half.rename(places.kernel_source)
    return places.kernel_source


def with_series(wanted):
    """The folder with the source that has these patches in it, and no others."""
    tree = clean()
    series.put(wanted, tree, places.kernels / "pristine")
    return tree


def version():
    """The package's, such as linux-source-6.1_6.1.192-2_all."""
    return next((deb.stem for deb in (places.kernels / "debs").glob("*.deb")), PACKAGE)
