"""What is handed to a machine as files: GRUB's configuration, initramfs archives, an unpacked kernel, its modules."""

import contextlib
import gzip
import io
import struct
import tempfile
import unittest
from pathlib import Path

from basalt.boot import cpio, iso, kernel
from basalt.dom0 import contents
from basalt.progress import Trouble


class Grub(unittest.TestCase):
    def test_it_starts_the_hypervisor_with_its_modules_in_order(self):
        lines = iso.grub_configuration("console=com1", [iso.Module(Path("k"), "quiet"), iso.Module(Path("i"))]).splitlines()
        self.assertEqual(lines[2:], ["multiboot2 /boot/hypervisor console=com1", "module2 --nounzip /boot/module0 quiet",
                                     "module2 --nounzip /boot/module1", "boot"])


def entries(archive):
    """(name, mode, contents) of each entry before the trailer."""
    at = 0
    while True:
        assert archive[at:at + 6] == b"070701", archive[at:at + 6]
        fields = [int(archive[at + 6 + 8 * number:at + 14 + 8 * number], 16) for number in range(13)]
        data = at + 110 + fields[11] + -(110 + fields[11]) % 4
        name = archive[at + 110:at + 110 + fields[11] - 1].decode()
        if name == "TRAILER!!!":
            return
        yield name, fields[1], archive[data:data + fields[6]]
        at = data + fields[6] + -fields[6] % 4


class Archives(unittest.TestCase):
    def setUp(self):
        self.file = io.BytesIO()
        self.archive = cpio.Archive(self.file)

    def test_a_folder_is_written_once_and_before_what_is_in_it(self):
        self.archive.add("/a/b/one", b"text", 0o755)
        self.archive.link("a/b/two", "one")
        self.archive.close()
        self.assertEqual(list(entries(self.file.getvalue())), [("a", 0o40755, b""), ("a/b", 0o40755, b""), ("a/b/one", 0o100755, b"text"),
                                                               ("a/b/two", 0o120777, b"one")])

    def test_equal_contents_are_equal_archives_of_whole_blocks(self):
        other = io.BytesIO()
        for archive in (self.archive, cpio.Archive(other)):
            archive.add("x", b"y")
            archive.close()
        self.assertEqual(self.file.getvalue(), other.getvalue())
        self.assertEqual(len(other.getvalue()) % 512, 0)


def elf(*segments):
    """A 64-bit ELF file with one loaded segment for each."""
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02", 2, 62, 1, 0, 64, 999, 0, 64, 56, len(segments), 64, 7, 6)
    at, table = 64 + 56 * len(segments), b""
    for data in segments:
        table += struct.pack("<IIQQQQQQ", 1, 0, at, 0, 0, len(data), len(data), 1)
        at += len(data)
    return header + table + b"".join(segments)


class Kernels(unittest.TestCase):
    def unpacked(self, image):
        with tempfile.NamedTemporaryFile() as file:
            file.write(image)
            file.flush()
            return kernel.unpacked(Path(file.name))

    def test_zeros_that_the_loader_makes_are_left_out_at_the_end(self):
        self.assertEqual(self.unpacked(elf(b"code", b"data" + bytes(100)))[-8:], b"codedata")

    def test_a_compressed_one_is_the_same(self):
        packed = gzip.compress(elf(b"code"))    # which ends in the unpacked size, as the kernel's own decompressor wants it
        setup = bytearray(2 * 512)
        setup[0x1F1] = 1
        setup[0x202:0x206] = b"HdrS"
        struct.pack_into("<II", setup, 0x248, 0, len(packed))
        self.assertEqual(self.unpacked(bytes(setup) + packed), self.unpacked(elf(b"code")))

    def test_anything_else_is_refused(self):
        for image in (bytes(1024), b"\x7fELF\x01" + bytes(100)):
            with self.assertRaises(Trouble):
                self.unpacked(image)


class Modules(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "modules.dep").write_text("k/a.ko: k/b-c.ko\nk/b-c.ko:\nk/d.ko:\n")
        (self.folder / "modules.alias").write_text("alias pci:1 a\nalias pci:2 d\nalias pci:3 b_c\n")
        self.listing = self.folder / "listing"

    def test_a_module_brings_what_it_needs_and_its_aliases(self):
        self.listing.write_text("a boot   # a card\n")
        modules = contents.Modules(self.listing, self.folder)
        self.assertEqual((modules.paths, modules.at_boot), ({"k/a.ko", "k/b-c.ko"}, ["a"]))
        self.assertEqual(modules.dependencies, "k/a.ko: k/b-c.ko\nk/b-c.ko:\n")
        self.assertEqual(modules.aliases(), "alias pci:1 a\nalias pci:3 b_c\n")

    def test_one_that_the_kernel_lacks_is_told(self):
        self.listing.write_text("e\n")
        with self.assertRaisesRegex(Trouble, "no module e"):
            contents.Modules(self.listing, self.folder)

    def test_one_that_is_built_into_the_kernel_is_not_lacking(self):
        self.listing.write_text("e-f\nd\n")
        (self.folder / "modules.builtin").write_text("k/e_f.ko\n")
        self.assertEqual(contents.Modules(self.listing, self.folder).paths, {"k/d.ko"})


class ModulesBesideAKernel(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.kernel = Path(folder.name) / "vmlinux"
        self.listing = Path(folder.name) / "listing"
        self.listing.write_text("a boot\ne\n")

    def install(self, version="6.1.192-own"):
        modules = self.kernel.parent / "lib/modules" / version
        (modules / "k").mkdir(parents=True)
        (modules / "modules.dep").write_text("k/a.ko: k/b.ko\nk/b.ko:\nk/d.ko:\n")
        (modules / "modules.alias").write_text("alias pci:1 a\nalias pci:2 d\n")
        for name in "abd":
            (modules / f"k/{name}.ko").write_bytes(name.encode())
        return modules

    def beside(self):
        """What goes into the initramfs, and what is said."""
        with contextlib.redirect_stderr(io.StringIO()) as said:
            return contents.modules_beside(self.kernel, self.listing, "usr/lib/modules"), said.getvalue()

    def test_a_kernel_alone_brings_none(self):
        self.assertEqual(self.beside(), ({}, ""))

    def test_the_listed_ones_are_taken_under_the_version_of_their_folder(self):
        self.install()
        own = "usr/lib/modules/6.1.192-own"
        self.assertEqual(self.beside()[0], {f"{own}/k/a.ko": b"a", f"{own}/k/b.ko": b"b", f"{own}/modules.alias": b"alias pci:1 a\n",
                                            f"{own}/modules.dep": b"k/a.ko: k/b.ko\nk/b.ko:\n"})

    def test_one_that_is_not_there_is_told_in_one_line(self):
        self.install()
        self.listing.write_text("a\ne\nf\n")
        said = self.beside()[1]
        self.assertEqual(said.count("\n"), 1)
        self.assertRegex(said, "listing: the kernel of .*6.1.192-own has no module e, f$")

    def test_a_folder_that_is_not_whole_is_refused(self):
        (self.install() / "k/b.ko").unlink()
        with self.assertRaisesRegex(Trouble, "b.ko: No such file"):
            self.beside()
        (self.install("6.1.191-older") / "modules.dep").unlink()
        with self.assertRaisesRegex(Trouble, "older/modules.dep: No such file"):
            self.beside()


if __name__ == "__main__":
    unittest.main()
