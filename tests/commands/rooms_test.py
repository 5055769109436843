"""The arrows between rooms never turn back: the build refuses a room that lists one above it."""

import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from basalt.places import checkout as TREE



def configure(rooms):
    """What CMake says of these rooms, or nothing where it takes them. They have no sources, and so need no compiler."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "CMakeLists.txt").write_text(
            f"cmake_minimum_required(VERSION 3.25)\nproject(p LANGUAGES NONE)\nadd_library(freestanding INTERFACE)\n"
            f"include({TREE}/toolchain/rooms.cmake)\n{rooms}\n")
        ran = subprocess.run(["cmake", "-S", folder, "-B", f"{folder}/build"], capture_output=True, text=True)
        return " ".join(ran.stderr.split()) if ran.returncode else ""


class Arrows(unittest.TestCase):
    def test_a_room_may_use_those_before_it(self):
        self.assertEqual(configure("room(NAME low PURE)\nroom(NAME high MAY_USE low)"), "")

    def test_an_arrow_that_turns_back_is_refused(self):
        self.assertIn("room low may not use high", configure("room(NAME low PURE MAY_USE high)\nroom(NAME high MAY_USE low)"))

    def test_what_a_pv_vcpu_is_made_of_is_kept_by_guests(self):
        """A room that lists it would let itself, and all that use it, go past the doors of a kind of guest."""
        rooms = re.findall(r"^room\(NAME (\w+) (.*)\)$", (TREE / "hypervisor" / "CMakeLists.txt").read_text(), re.M)
        listed = {name: words for name, words in rooms if "pv_vcpu" in words.split()}
        self.assertEqual(list(listed), ["guests"])
        self.assertRegex(listed["guests"], r"KEEPS pv_vcpu\b")

    def test_the_picture_has_the_arrows_of_the_list(self):
        """Of hypervisor/README.md. Its seams are looked at by the guest ring, which has the objects."""
        told = subprocess.run([TREE / "toolchain" / "map.py", "picture"], capture_output=True, text=True)
        self.assertEqual(told.returncode, 0, told.stdout + told.stderr)

    def test_no_room_is_reached_by_a_path(self):
        """Only what a room lists is in its include folders; a path out of its own folder would go round that."""
        sources = [file for room in ("boot", "hypercalls", "hypervisor") for file in (TREE / room).rglob("*")
                   if file.suffix in (".cpp", ".hpp", ".h", ".S")]
        self.assertTrue(sources)
        for file in sources:
            for name in re.findall(r'^ *# *include *"(.*)"', file.read_text(), re.M):
                self.assertNotIn("..", Path(name).parts, f"{file} includes {name}")
