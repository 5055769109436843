"""What a deliberate fault changes is found however the file is laid out, and nothing else is."""

import unittest

from basalt.progress import Trouble
from basalt.tests.changes import Change, changed, changes_in, file_named

LAID_OUT_ANEW = "void f() {\n  if (a == 1 ||\n      b(\n          c,d)) return  refuse ( Error::invalid ) ;\n}\n"


def words(text):
    return "".join(text.split())


def only(text):
    change, = changes_in(text)
    return change


class Matching(unittest.TestCase):
    def _changed(self, text, there, becomes, place=""):
        return changed(text, Change("a.cpp", place, there, becomes))

    def _trouble(self, *args):
        with self.assertRaises(Trouble) as caught:
            self._changed(*args)
        return str(caught.exception)

    def test_space_and_broken_lines_do_not_matter(self):
        now = self._changed(LAID_OUT_ANEW, "if (a == 1 || b(c, d)) return refuse(Error::invalid);", "g();")
        self.assertEqual(words(now), "voidf(){g();}")
        self.assertEqual(words(self._changed("f(a, b);", "f( a,\n    b )", "g()")), "g();")

    def test_a_part_of_a_line_is_enough(self):
        self.assertEqual(self._changed("if (a < b) return;\n", "a < b", "a <= b"), "if (a <= b) return;\n")

    def test_words_are_whole(self):
        self.assertEqual(self._changed("unmap(a); map(a); map(ab);", "map(a", "take(a"), "unmap(a); take(a); map(ab);")
        self.assertIn("nothing", self._trouble("returning;", "return", "x"))
        self.assertIn("nothing", self._trouble("returnx;", "return x", "x"))

    def test_what_is_not_there_is_told(self):
        self.assertEqual(self._trouble("a();\n", "b();", ""), "nothing is like `b();`")

    def test_so_is_what_is_there_twice(self):
        self.assertEqual(self._trouble("a();\nb();\na( );\n", "a();", ""), "2 places are like `a();`: lines 1, 3")

    def test_after_a_place_the_first_is_meant(self):
        text = "f() { a(); }\ng() { a(); a(); }\n"
        self.assertEqual(self._changed(text, "a();", "b();", "g() {"), "f() { a(); }\ng() { b(); a(); }\n")
        self.assertIn("nothing is like `h()`", self._trouble(text, "a();", "b();", "h()"))
        self.assertIn("2 places are like `a()`", self._trouble("a() a() b", "b", "c", "a()"))
        self.assertIn("nothing after `g()` is like `a()`", self._trouble("a() g()", "a()", "c", "g()"))

    def test_what_comes_in_does_not_depend_on_the_layout_around_it(self):
        self.assertEqual(self._changed("return(a)-b", "(a)", "c"), "return c-b")
        self.assertEqual(self._changed("a-b", "b", "-b"), "a- -b")
        self.assertEqual(self._changed("f(a)", "a", ""), "f( )")

    def test_further_lines_stand_where_the_first_does(self):
        self.assertEqual(self._changed("def f():\n    return 1\n", "return 1", "if x:\n    return 2"),
                         "def f():\n    if x:\n        return 2\n")


class Reading(unittest.TestCase):
    def _trouble(self, text):
        with self.assertRaises(Trouble) as caught:
            changes_in(text)
        return str(caught.exception)

    def test_lines_go_and_come(self):
        self.assertEqual(only("It is wrong.\nTest: host a\n\nIn: a.cpp\n@ void f(\n- a();\n+ b();\n+ c();\n"),
                         Change("a.cpp", "void f(", "a();", "b();\nc();"))

    def test_a_line_that_goes_needs_nothing_in_its_place(self):
        self.assertEqual(only("In: a.cpp\n- a();\n"), Change("a.cpp", "", "a();", ""))

    def test_a_line_that_comes_stands_beside_one_that_stays(self):
        self.assertEqual(only("In: a.cpp\n  a();\n+ b();\n"), Change("a.cpp", "", "a();", "a();\nb();"))
        self.assertEqual(only("In: a.cpp\n+     b()\n      a()\n"), Change("a.cpp", "", "a()", "b()\na()"))

    def test_there_may_be_several(self):
        self.assertEqual(changes_in("In: a.cpp\n- a\nIn: b/a.cpp\n- b\n"),
                         (Change("a.cpp", "", "a", ""), Change("b/a.cpp", "", "b", "")))
        self.assertEqual(changes_in("It is wrong.\n"), ())

    def test_a_slip_is_told(self):
        self.assertEqual(self._trouble("In: a.cpp\n-a();\n"),
                         "a line of a change begins with `@ `, `- `, `+ ` or two spaces, not like `-a();`")
        self.assertEqual(self._trouble("In: a.cpp\n+ a();\n"), "the change in a.cpp does not say what is there")
        self.assertEqual(self._trouble("In: a.cpp\n  a();\n"), "the change in a.cpp changes nothing")


class Files(unittest.TestCase):
    AMONG = ("boot/memory.hpp", "hypervisor/memory/frame.hpp", "hypervisor/x/memory.hpp")

    def test_a_file_is_found_in_whatever_folder_it_is(self):
        self.assertEqual(file_named("frame.hpp", self.AMONG), "hypervisor/memory/frame.hpp")
        self.assertEqual(file_named("x/memory.hpp", self.AMONG), "hypervisor/x/memory.hpp")

    def test_there_is_one_of_its_name(self):
        for name, told in (("rame.hpp", "no file is named rame.hpp"),
                           ("memory.hpp", "2 files are named memory.hpp: boot/memory.hpp, hypervisor/x/memory.hpp")):
            with self.assertRaises(Trouble) as caught:
                file_named(name, self.AMONG)
            self.assertEqual(str(caught.exception), told)


if __name__ == "__main__":
    unittest.main()
