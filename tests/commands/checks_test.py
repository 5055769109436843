"""What the style ring makes of its tools' words."""

import contextlib
import io
import unittest
from pathlib import Path

from basalt.progress import Trouble
from basalt.tests import checks


class Words(unittest.TestCase):
    def test_each_complaint_is_told_once_with_the_files_name_in_the_tree(self):
        said = "/tree/a/b.hpp:3:9: warning: x [y]\n  note\n/tree/d.cpp:7:1: note: in this\n/tree/c.cpp:1: z\n/tree/c.cpp:2: z\n/tree/a/../a/b.hpp:3:9: warning: x [y]\n"
        self.assertEqual(checks.complaints_in(said, Path("/tree")),
                         {"a/b.hpp": ["a/b.hpp:3:9: warning: x [y]"], "c.cpp": ["c.cpp:1: z", "c.cpp:2: z"]})

    def test_a_file_of_somebody_elses_is_told_too(self):
        self.assertEqual(checks.complaints_in("/usr/x.hpp:1: z", Path("/tree")), {"/usr/x.hpp": ["/usr/x.hpp:1: z"]})

    def test_a_tool_that_says_nothing_of_a_file_has_failed(self):
        check = checks.Check("x", lambda name, first: name == "README.md", lambda chosen: checks._said("false"))
        with self.assertRaisesRegex(Trouble, "false failed"):
            checks.verdict(check, None)


class Choices(unittest.TestCase):
    def test_a_program_is_known_by_its_first_line(self):
        for line, name in (("#!/usr/bin/env bash\n", "bash"), ("#!/bin/sh\n", "sh"), ("#!/bin/busybox sh\n", "sh"), ("# a\n", None)):
            self.assertEqual(checks.interpreter(line), name)

    def test_what_is_left_alone_is_asked_of_no_hand(self):
        for name, asked in (("boot/start.cpp", True), ("tests/guest/kit/case.cpp", True), ("tests/guest/traps.cpp", False),
                            ("hypercalls/table/rows.hpp", False), ("boot/entry.S", False)):
            self.assertEqual(checks._written_by_us(name), asked)

    def test_each_check_is_for_files_of_the_tree(self):
        for check in checks.CHECKS:
            self.assertTrue(any(check.is_for(name, first) for name, first in (
                ("boot/run", "#!/usr/bin/env bash"), ("tests/system/hello.sh", ""), ("a.py", ""), ("boot/start.cpp", ""), ("tests/guest/lit.cfg.py", ""))))


class Verdicts(unittest.TestCase):
    def test_a_file_that_is_complained_of_fails_and_the_others_pass(self):
        check = checks.Check("x", lambda name, first: name.startswith("boot/run") or name == "LICENSE", lambda chosen: "LICENSE:1: y\n")
        with contextlib.redirect_stdout(io.StringIO()) as told:
            verdict = checks.verdict(check, None)
            self.assertEqual(checks.verdict(check, "x boot/").passed, 1)
        self.assertEqual((verdict.passed, verdict.failed), (1, 1))
        self.assertIn("LICENSE:1: y\n", told.getvalue())


if __name__ == "__main__":
    unittest.main()
