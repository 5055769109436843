"""One source makes one image: with the flags of the tree, an object does not tell in which folder it was made."""

import subprocess
import tempfile
import unittest
from pathlib import Path

from basalt.places import checkout

PROJECT = """
cmake_minimum_required(VERSION 3.25)
set(CMAKE_TOOLCHAIN_FILE ${CMAKE_SOURCE_DIR}/toolchain/freestanding.cmake)
project(one LANGUAGES CXX ASM)
include(toolchain/flags.cmake)
include(toolchain/rooms.cmake)
add_library(libcxx INTERFACE)
add_custom_target(offsets_header)
room(NAME low FOLDER low)
room(NAME one FOLDER one MAY_USE low)
"""
# A header beside its source, and one of another room, which the compiler finds in the build folder, by its whole path.
SOURCES = {
    "CMakeLists.txt": PROJECT,
    "low/low.hpp": "inline const char* where_low() { return __FILE__; }\nstatic int hidden_low(int number) { return number * 5; }\n",
    "one/one.hpp": "static int hidden(int number) { return number * 3; }\n",
    "one/one.cpp": '#include "low/low.hpp"\n#include "one.hpp"\nconst char* where() { return __FILE__; }\n'
                   "const char* (*seen)() = where_low;\nint (*shown[])(int) = {hidden, hidden_low};\n",
    "one/two.S": "    .globl two\ntwo:\n    ret\n",
}


def objects_made_in(folder, lto):
    for name, text in SOURCES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "toolchain").symlink_to(checkout / "toolchain")
    build = folder / "build"
    for command in (["cmake", "-G", "Ninja", "-S", folder, "-B", build, f"-DBASALT_LTO={lto}"], ["cmake", "--build", build]):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return [(build / "CMakeFiles" / "room-one.dir" / "one" / name).read_bytes() for name in ("one.cpp.obj", "two.S.obj")]


class SameObject(unittest.TestCase):
    def test_wherever_it_is_made(self):
        for lto in ("ON", "OFF"):
            with self.subTest(lto=lto), tempfile.TemporaryDirectory() as folder:
                here, there = (objects_made_in(Path(folder, name), lto) for name in ("here", "and-there"))
                self.assertEqual(here, there)
