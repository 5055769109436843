"""When a case that must not compile holds, and how one that does not is told."""

import unittest

from basalt.tests import refusals

TEXT = "int f();\nf() = 1;   // refused: not assignable\nint g();\n"
SAID = "<stdin>:2:5: error: expression is not assignable\n    2 | f() = 1;\n1 error generated.\n"


class Cases(unittest.TestCase):
    def judged(self, said, control=""):
        return refusals.judged(refusals.cases_in(TEXT), refusals.errors_of(control), refusals.errors_of(said))

    def test_a_case_is_a_line_with_the_words_of_its_refusal(self):
        self.assertEqual(refusals.cases_in(TEXT), {2: "not assignable"})

    def test_lines_keep_their_numbers_without_the_cases(self):
        self.assertEqual(refusals.without(TEXT, {2}), "int f();\n\nint g();\n")

    def test_refused_in_these_words_it_holds(self):
        self.assertEqual(self.judged(SAID), [])

    def test_an_error_elsewhere_counts_where_its_notes_lead(self):
        self.assertEqual(self.judged("room/a.hpp:9:1: error: is not assignable\n<stdin>:2:5: note: asked for here\n"), [])

    def test_a_case_that_compiles_is_told(self):
        self.assertEqual(self.judged(""), ["line 2 compiles"])

    def test_other_words_are_told(self):
        self.assertIn("refused by other words", self.judged("<stdin>:2:5: error: unknown name\n")[0])

    def test_an_error_of_no_case_is_told(self):
        self.assertIn("an error of no case", self.judged(SAID + "<stdin>:3:1: error: unknown name\n")[0])

    def test_a_file_that_never_compiles_shows_nothing(self):
        self.assertIn("does not compile without its cases", self.judged(SAID, "<stdin>:1:1: error: unknown name\n")[0])


if __name__ == "__main__":
    unittest.main()
