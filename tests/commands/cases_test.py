"""What a guest's cases came to, out of its own lines alone."""

import unittest

from basalt.tests.cases import Cases


def after(*lines):
    cases = Cases()
    for line in lines:
        cases.hear(line)
    return cases


class Verdicts(unittest.TestCase):
    def test_all_that_passed_is_no_complaint(self):
        self.assertIsNone(after("CASE a: b", "PASS a: b", "SKIP c: d: why", "guest: 1 passed, 0 failed, 1 skipped").complaint())

    def test_a_case_that_failed_is_one(self):
        self.assertIn("failed: 1", after("FAIL a: b: why", "  also: more", "guest: 0 passed, 1 failed, 0 skipped").complaint())

    def test_lines_of_others_are_not_its_own(self):
        self.assertIn("closing line", after("PASS a: b", "(d1) guest: 1 passed, 0 failed, 0 skipped").complaint())
        self.assertIn("closing line", after("PASS a: b", "guest: 1 passed, 0 failed, 0 skipped, said a case").complaint())
        self.assertIsNone(after("PASS a: b", "(d1) FAIL c: d", "guest: 1 passed, 0 failed, 0 skipped").complaint())

    def test_what_it_counted_is_what_it_said(self):
        self.assertIn("counted", after("PASS a: b", "guest: 2 passed, 0 failed, 0 skipped").complaint())


class Running(unittest.TestCase):
    def test_the_case_that_did_not_end_is_known(self):
        self.assertEqual(after("CASE a: b", "PASS a: b", "CASE c: loops", "(XEN) a line").running, "c: loops")
        self.assertIsNone(after("CASE a: b", "PASS a: b").running)

    def test_that_a_case_begins_is_not_shown(self):
        self.assertEqual([Cases().hear(line) for line in ("CASE a: b", "PASS a: b", "(XEN) CASE")], [False, True, True])


if __name__ == "__main__":
    unittest.main()
