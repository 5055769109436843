"""What tests/bench makes of what it has counted."""

import unittest

from basalt.bench import boots, counts
from basalt.bench.counts import Function, Names

IMAGE = 0xFFFF82D000100000
ALIAS_OF_SECOND_CPU = 0xFFFF818040010000


class Counts(unittest.TestCase):
    def test_each_window_has_its_own(self):
        self.assertEqual(counts.windows("window\nff 2\nwindow\nff 1\n10 3\n"), [{0xFF: 2}, {0xFF: 1, 0x10: 3}])

    def test_whose_an_address_is(self):
        user, kernel, hypervisor = counts.by_owner({0x400000: 1, 0xFFFFFFFF81000000: 2, IMAGE: 3, ALIAS_OF_SECOND_CPU: 4})
        self.assertEqual((user, kernel, hypervisor), ({0x400000: 1}, {0xFFFFFFFF81000000: 2}, {IMAGE: 3, ALIAS_OF_SECOND_CPU: 4}))

    def test_an_alias_counts_as_what_it_is_an_alias_of(self):
        names = Names([(IMAGE, "entry"), (IMAGE + 8, "after")], IMAGE)
        found = names.by_function({IMAGE: 1, ALIAS_OF_SECOND_CPU: 2, ALIAS_OF_SECOND_CPU + 4: 5, IMAGE + 8: 3})
        self.assertEqual(found, [Function("entry", 8, 3), Function("after", 3, 3)])

    def test_names_are_short(self):
        for name, shown in (("basalt::paging::pin(basalt::Mfn)", "paging::pin"),
                            ("void basalt::pv::(anonymous namespace)::enter<0ul>(basalt::Vcpu&) (.llvm.81)", "pv::enter<0ul>"),
                            ("int run<int (*)(long)>(int)", "run<int (*)(long)>"),
                            ("basalt::Ports::operator bool() const", "Ports::operator bool"), ("memcpy", "memcpy")):
            self.assertEqual(counts.name_of(name), shown)

    def test_names_of_the_kernel_are_those_of_its_code(self):
        text = "ffffffff81000000 T _text\nffffffff81000010 t mfn_to_pfn\nffffffff82000000 D data\nbench getppid 1 2\n"
        self.assertEqual(counts.names_of_kernel(text).of, [(0xFFFFFFFF81000000, "_text"), (0xFFFFFFFF81000010, "mfn_to_pfn")])


class Rows(unittest.TestCase):
    def test_rows_are_told_by_lines_of_their_own(self):
        self.assertEqual(boots.rows_in("bench a 10 2\nno bench b 1 1\nbench c 7 7\n"), {"a": (10, 2), "c": (7, 7)})


if __name__ == "__main__":
    unittest.main()
