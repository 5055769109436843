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
add_library(one OBJECT one.cpp two.S)
target_link_libraries(one PRIVATE freestanding thin_lto)
"""
SOURCES = {
    "CMakeLists.txt": PROJECT,
    "one.hpp": "static int hidden(int number) { return number * 3; }\n",
    "one.cpp": '#include "one.hpp"\nconst char* where() { return __FILE__; }\nint (*shown)(int) = hidden;\n',
    "two.S": "    .globl two\ntwo:\n    ret\n",
}


def objects_made_in(folder, lto):
    folder.mkdir()
    for name, text in SOURCES.items():
        (folder / name).write_text(text)
    (folder / "toolchain").symlink_to(checkout / "toolchain")
    build = folder / "build"
    for command in (["cmake", "-G", "Ninja", "-S", folder, "-B", build, f"-DBASALT_LTO={lto}"], ["cmake", "--build", build]):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return [(build / "CMakeFiles" / "one.dir" / name).read_bytes() for name in ("one.cpp.obj", "two.S.obj")]


class SameObject(unittest.TestCase):
    def test_wherever_it_is_made(self):
        for lto in ("ON", "OFF"):
            with self.subTest(lto=lto), tempfile.TemporaryDirectory() as folder:
                here, there = (objects_made_in(Path(folder, name), lto) for name in ("here", "and-there"))
                self.assertEqual(here, there)
