"""What a kernel is configured as: small, for guests, or with the options that Debian's has."""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from basalt import places
from basalt.dom0.contents import Modules
from basalt.kernel import series
from basalt.progress import Trouble, step

SMALL = series.FOLDER / "small.config"
LIKE_DEBIAN = series.FOLDER / "like-debian.config"
MODULES = (places.modules, places.hello_modules)


@dataclass(frozen=True)
class Kind:
    """`fragment` is what is asked for beyond `base`."""

    name: str
    fragment: Path

    @property
    def folder(self):
        return places.kernels / self.name


KINDS = {"small": Kind("small", SMALL), "debian": Kind("debian", LIKE_DEBIAN)}


def _run(command, folder, **more):
    ran = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if ran.returncode != 0:
        raise Trouble(f"{Path(command[0]).name}: {ran.stdout.strip().splitlines()[-1:]}")


def _make(kind, source, target, **words):
    _run(["make", "-C", source, f"O={kind.folder}", *(f"{name}={value}" for name, value in words.items()), target], source)


def _debians(folder):
    """Debian's options as they are shipped, and modules cut to those that Dom0's image and `hello` load."""
    shipped, = (places.kernel_files / "boot").glob("config-*")
    version = shipped.name.partition("-")[2]
    loaded = set()
    for listing in MODULES:
        loaded |= {Path(path).name.removesuffix(".ko").replace("-", "_")
                   for path in Modules(listing, places.kernel_files / "usr/lib/modules" / version).paths}
    listed = folder / "loaded"
    listed.write_text("Module Size Used by\n" + "".join(f"{name} 1 0\n" for name in sorted(loaded)))
    return shipped, listed


def _cut(kind, source):
    shipped, listed = _debians(kind.folder)
    config = kind.folder / ".config"
    config.write_bytes(shipped.read_bytes())
    with tempfile.TemporaryDirectory() as home:
        _make(kind, source, "localmodconfig", LSMOD=listed, HOME=home, KCONFIG_NOSILENTUPDATE="")
    with open(config, "a") as file:
        file.write(kind.fragment.read_text())       # of two lines about one option the later counts
    _make(kind, source, "olddefconfig")


def not_taken(fragment, config):
    """The lines of `fragment` that are not in `config`: a word misspelt, or one that depends on others."""
    has = set(config.splitlines())
    off = {line.split()[1] for line in has if line.endswith(" is not set")}
    for line in fragment.splitlines():
        name, equals, value = line.partition("=")
        if equals and name.startswith("CONFIG_") and line not in has:
            if value != "n" or (name not in off and any(other.startswith(f"{name}=") for other in has)):
                yield line


def configure(kind, source):
    """Once; again when the fragment has changed."""
    told, config = kind.folder / "fragment", kind.folder / ".config"
    if told.is_file() and config.is_file() and told.read_text() == kind.fragment.read_text():
        return
    kind.folder.mkdir(parents=True, exist_ok=True)
    with step(f"configuring ({kind.name})"):
        if kind.name == "small":
            _make(kind, source, "allnoconfig", KCONFIG_ALLCONFIG=kind.fragment)
        else:
            _cut(kind, source)
    if refused := list(not_taken(kind.fragment.read_text(), config.read_text())):
        raise Trouble(f"{kind.fragment.name}: the kernel does not take {', '.join(refused)}")
    told.write_text(kind.fragment.read_text())
