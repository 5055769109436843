"""What is made of two hypervisors' answers."""

import tempfile
import unittest
from pathlib import Path
from unittest import mock

from basalt import places
from basalt.tests import answers, conformance


class Logs(unittest.TestCase):
    """Logs of guests that are in the tree, and a manual of three answers."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        manual = self.folder / "answers.txt"
        manual.write_text("a.x\t0\tsuccess\t\na.x\t-22\t-EINVAL\t\na.x\t-12\t-ENOMEM\tno test runs out of memory\na.?\t-38\t-ENOSYS\t\n")
        for changed, name, value in ((places, "logs", self.folder), (answers, "LISTED", manual)):
            patch = mock.patch.object(changed, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def said(self, on, *lines, guest="traps"):
        log = self.folder / "guest" / on / f"{guest}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("".join(f"    1.000 {line}\n" for line in lines))

    def verdicts(self, name="a.x"):
        return {verdict: count for verdict, count in conformance.rows()[name].cases.items() if count}


class Answers(Logs):
    def test_one_that_the_manual_names_and_one_that_it_does_not(self):
        self.said("basalt", "answers a.x 0 -1")
        self.assertEqual(list(answers.complaints("basalt")),
                         ["no guest was answered -38 by a.?, which the manual names", "no guest was answered -22 by a.x, which the manual names",
                          "a.x answered -1 to traps, which the manual does not name"])
        self.assertEqual(answers.shown("basalt"), (1, 3))

    def test_what_a_family_answers_to_each_command_is_named_once(self):
        self.said("basalt", "answers a.x 0 -22", "answers a.y -38")
        self.assertEqual(list(answers.complaints("basalt")), [])

    def test_a_log_of_a_guest_that_is_no_more_says_nothing(self):
        self.said("basalt", "answers a.x 0", guest="nobody_knows_it")
        self.assertEqual(answers.seen("basalt"), {})


class Rows(Logs):
    def test_a_case_that_holds_on_both_agrees(self):
        self.said("basalt", "PASS a.x: b")
        self.said("xen", "PASS a.x: b")
        self.assertEqual(self.verdicts(), {conformance.AGREES: 1})

    def test_one_that_holds_on_basalt_alone_says_whose_matter_it_is(self):
        self.said("basalt", "PASS a.x: b", "PASS a.x: c", "SKIP a.x: d: why")
        self.said("xen", "SKIP a.x: b: Basalt's own", "SKIP a.x: c: emulator's fault", "SKIP a.x: d: why")
        self.assertEqual(self.verdicts(), {conformance.PROMISE: 1, conformance.EMULATOR: 1, conformance.UNTRIED: 1})

    def test_any_other_disagrees(self):
        self.said("basalt", "PASS a.x: b", "FAIL a.x: c: why", "PASS a.x: d")
        self.said("xen", "FAIL a.x: b: why", "PASS a.x: c")
        self.assertEqual(self.verdicts(), {conformance.DISAGREES: 3})

    def test_a_guest_for_basalt_alone_is_not_tried_on_xen(self):
        self.said("basalt", "PASS a.x: b")
        self.said("xen", "PASS a.x: b", guest="mmu_update")
        self.assertEqual(self.verdicts(), {conformance.UNTRIED: 1})


if __name__ == "__main__":
    unittest.main()
