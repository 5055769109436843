"""Downloads Debian packages into the build folder and unpacks them there; nothing is installed, /etc/apt is untouched.

    <build>/packages/root      Dom0's programs: dom0/image/packages and the libraries they depend on
    <build>/packages/kernel    the stock Debian kernel and its modules
    <build>/packages/xen       stock Xen, unpacked: what Basalt is compared with
    <build>/packages/include   multiboot2.h, out of GNU GRUB's source package
    <build>/packages/chosen    which versions these are; while it fits the lists, there is nothing to do
"""

import fcntl
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from basalt import places
from basalt.progress import Trouble, step

KERNEL = "linux-image-amd64"
XEN = "xen-hypervisor-4.17-amd64"
GRUB_SOURCE = "grub2"

NEEDS_A_NETWORK = "the first run needs the network, for Debian's packages; later ones do not"

# Dependencies of installing and configuring a package, which unpacking it into an image does not have.
NOT_FOLLOWED = {
    "python3", "python3:any", "perl", "perl-base", "udev", "ucf", "dpkg", "tar", "debconf", "cdebconf", "base-files",
    "debianutils", "adduser", "lsb-base", "sysvinit-utils", "libelogind0", "gawk", "mawk", "original-awk",
    "libcap2-bin", "libpam0g", "util-linux-extra", "gcc-12-base",
}


class Apt:
    """apt with lists and cache of its own in the build folder, and the machine's sources as `deb` and `deb-src`."""

    def __init__(self, folder):
        self.folder = folder
        for needed in ("lists/partial", "cache/archives/partial", "parts"):
            (folder / needed).mkdir(parents=True, exist_ok=True)
        self._options = []
        for option in (f"Dir::Etc::sourcelist={folder}/sources.list", f"Dir::Etc::sourceparts={folder}/parts",
                       f"Dir::State::lists={folder}/lists", f"Dir::Cache={folder}/cache",
                       "APT::Sandbox::User=root", "Acquire::Languages=none", "Acquire::Retries=3"):
            self._options += ["-o", option]

    def update(self):
        one_line = []
        for file in [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*.list"))]:
            if file.is_file():
                for line in file.read_text().splitlines():
                    if line.startswith("deb "):
                        one_line += [line, "deb-src" + line[3:]]
        (self.folder / "sources.list").write_text("\n".join(one_line) + "\n")
        for file in sorted(Path("/etc/apt/sources.list.d").glob("*.sources")):
            both = re.sub(r"(?m)^Types:.*$", "Types: deb deb-src", file.read_text())
            (self.folder / "parts" / file.name).write_text(both)
        self._run("apt-get", "-q", "-o", "APT::Update::Error-Mode=any", "update")

    def depends(self, names):
        """What each package named, and each reached from there, depends on; of alternatives, the first."""
        answer = self._run("apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts",
                           "--no-breaks", "--no-replaces", "--no-enhances", *names)
        needs, alternative = {}, False
        for line in answer.splitlines():
            if not line.startswith(" "):
                package = line.strip()
                needs[package] = []
            elif found := re.match(r" ([ |])(?:Pre)?Depends: (\S+)", line):
                if not alternative:
                    needs[package].append(found[2])
                alternative = found[1] == "|"
        return needs

    def download(self, names, into):
        into.mkdir(parents=True, exist_ok=True)
        self._run("apt-get", "-q", "download", *names, folder=into)

    def source(self, name, into):
        into.mkdir(parents=True, exist_ok=True)
        self._run("apt-get", "-q", "source", "--download-only", name, folder=into)

    def _run(self, program, *arguments, folder=None):
        ran = subprocess.run([program, *self._options, *arguments], cwd=folder, stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
        if ran.returncode != 0:
            errors = [line for line in ran.stderr.splitlines() if line.startswith("E:")] or [ran.stderr.strip()]
            raise Trouble(f"{program} {arguments[-1]}: {errors[0]} ({NEEDS_A_NETWORK})")
        return ran.stdout


def listed(file):
    return [word for line in file.read_text().splitlines() for word in line.partition("#")[0].split()]


def closure(needs, roots):
    reached, ahead = set(), list(roots)
    while ahead:
        package = ahead.pop()
        if package in reached or package in NOT_FOLLOWED or package.startswith("<"):
            continue
        reached.add(package)
        ahead += needs.get(package, [])
    return sorted(reached)


def unpack(deb, root):
    """As dpkg-deb -x, but through the links of a merged /usr, so that no file exists under two names."""
    for merged in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / merged).mkdir(parents=True, exist_ok=True)
        if not (root / merged).is_symlink():
            (root / merged).symlink_to(f"usr/{merged}")
    archive = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE)
    tar = subprocess.run(["tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", root],
                         stdin=archive.stdout)
    if archive.wait() != 0 or tar.returncode != 0:
        raise Trouble(f"cannot unpack {deb}")


def unpack_kernel(deb):
    unpack(deb, places.kernel_files)
    # What the package does when it is installed: the modules' dependencies, for whoever picks some of them.
    for version in (places.kernel_files / "usr/lib/modules").iterdir():
        subprocess.run(["/sbin/depmod", "-b", places.kernel_files, version.name], check=True)


def unpack_xen(deb):
    root = places.packages / "xen"
    unpack(deb, root)
    places.xen.write_bytes(gzip.decompress((root / "boot" / "xen-4.17-amd64.gz").read_bytes()))


def fetch_multiboot2_header():
    if places.multiboot2_header.exists():
        return
    sources = places.packages / "sources"
    shutil.rmtree(sources, ignore_errors=True)
    with step("multiboot2.h out of GRUB's source package"):
        apt = Apt(places.packages / "apt")
        apt.update()
        apt.source(GRUB_SOURCE, sources)
        archive, = sources.glob("grub2_*.orig.tar.xz")
        places.multiboot2_header.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["tar", "-xJf", archive, "-C", places.multiboot2_header.parent, "--strip-components=2",
                        "--wildcards", "*/include/multiboot2.h"], check=True)
    shutil.rmtree(sources)


def fetch_packages():
    wanted = [places.checkout / "dom0" / "image" / "packages", Path(__file__)]
    key = hashlib.sha256(b"".join(file.read_bytes() for file in wanted)).hexdigest()
    chosen = places.packages / "chosen"
    if chosen.is_file() and chosen.read_text().partition("\n")[0] == key:
        return
    for stale in ("debs", "root", "kernel", "xen"):
        shutil.rmtree(places.packages / stale, ignore_errors=True)
    apt, debs = Apt(places.packages / "apt"), places.packages / "debs"
    with step("package lists"):
        apt.update()
    roots = listed(places.checkout / "dom0" / "image" / "packages")
    needs = apt.depends([*roots, KERNEL])
    kernel = next(name for name in needs[KERNEL] if name.startswith("linux-image-"))
    dom0 = closure(needs, roots)
    with step(f"download of {len(dom0) + 2} packages, {kernel} among them"):
        apt.download([*dom0, kernel, XEN], debs)
    with step("unpacking"):
        for deb in sorted(debs.glob("*.deb")):
            name = deb.name.partition("_")[0]
            put = {kernel: unpack_kernel, XEN: unpack_xen}.get(name, lambda file: unpack(file, places.dom0_files))
            put(deb)
    versions = sorted(deb.name.removesuffix(".deb").replace("%3a", ":") for deb in debs.glob("*.deb"))
    shutil.rmtree(debs)
    half = chosen.with_suffix(".new")
    half.write_text("\n".join([key, *versions, ""]))
    half.rename(chosen)


def main(arguments):
    places.see_that_build_is_writable()
    places.packages.mkdir(parents=True, exist_ok=True)
    # Two runs at once share one folder: the second waits, and finds everything there.
    with open(places.packages / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fetch_multiboot2_header()
        if arguments[:1] == ["multiboot2"]:
            Path(arguments[1]).mkdir(parents=True, exist_ok=True)
            shutil.copy(places.multiboot2_header, arguments[1])
        else:
            fetch_packages()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Trouble as trouble:
        sys.exit(f"toolchain/packages: {trouble}")
