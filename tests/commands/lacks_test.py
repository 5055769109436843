"""What a machine lacks is told in one line by each program that is typed."""

import os
import subprocess
import sys
import unittest

from basalt.places import checkout

TYPED = ("basalt.boot.run", "basalt.build", "basalt.fetch", "dom0/image/build", "tests/bench/run", "tests/conformance", "tests/faults/run",
         "tests/guest/boot_guest.py", "tests/guest/each_instruction.py", "tests/run")
AS_OLDER = """
import runpy, sys
sys.version_info, program = (3, 10, 2), sys.argv[1]
run = runpy.run_module if program.startswith("basalt.") else runpy.run_path
run(program, run_name="__main__")
"""
# Its arguments lead each to the first file that it would write.
WRITING = (["boot/run", "--exec", "true"], ["dom0/image/build"], ["hypercalls/manual/write"], ["tests/bench/run"],
           ["tests/faults/run", "row_permission"], ["tests/guest/boot_guest.py", "traps.cpp"], ["tests/run", "--ring", "host", "--filter", "none"])


def all_said(command, **environment):
    ran = subprocess.run(command, cwd=checkout, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, env=os.environ | environment)
    return ran.returncode, ran.stdout.splitlines()


class Lacks(unittest.TestCase):
    def test_an_older_python(self):
        for program in TYPED:
            status, said = all_said([sys.executable, "-c", AS_OLDER, program], PYTHONPATH=str(checkout / "toolchain"))
            self.assertEqual((status, len(said)), (1, 1), (program, said))
            self.assertRegex(said[0], "needs Python 3.11 .* is 3.10$")

    def test_a_build_folder_that_may_be_written(self):
        for command in WRITING:
            status, said = all_said(command, BASALT_BUILD="/proc/nowhere")
            told = [line for line in said if "nothing can be put into /proc/nowhere" in line and "BASALT_BUILD=" in line]
            self.assertTrue(status != 0 and len(told) == 1 and len(said) <= 2, (command, said))    # tests/run counts a failure


if __name__ == "__main__":
    unittest.main()
