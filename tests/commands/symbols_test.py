"""The names that stack traces carry."""

import unittest

from basalt import symbols


class Names(unittest.TestCase):
    def test_a_name_is_told_without_arguments_and_the_namespaces_of_all(self):
        for name, shown in (("basalt::paging::pin(basalt::Mfn, unsigned int)", "paging::pin"),
                            ("basalt::(anonymous namespace)::take(std::array<int, 2>) const", "take"),
                            ("basalt::Ports::operator()(int)", "Ports::operator()"),
                            ("basalt::run[abi:ne190107](void (*)(int))", "run"), ("memcpy", "memcpy")):
            self.assertEqual(symbols.short(name), shown)

    def test_no_name_is_longer_than_a_line(self):
        self.assertEqual(len(symbols.short("a" * 200)), symbols.LONGEST)

    def test_the_table_says_where_each_name_is(self):
        text = "".join(symbols.table([(0x1000, "ab"), (0x2000, "c")]))
        self.assertIn(".long 2\n    .long 0x1000, 0\n    .long 0x2000, 3\n    .asciz \"ab\"\n    .asciz \"c\"\n", text)


if __name__ == "__main__":
    unittest.main()
