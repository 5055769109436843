"""Instructions that were counted, by function."""

import unittest

from basalt.tests import counts

LISTING = """\
ffff82d000001000 t work(int)
ffff82d000002000 T entry_text_start
ffff82d000002000 T text_end
ffff82d000002000 T system_call_entry
ffff82d000002040 t short_return
0000000000000001 a offset
"""
DUMP = "ffff82d000001004 2\nffff818040000044 3\nffff82d000002044 4\nffffffff81000000 5\n400000 6\n"


class Counts(unittest.TestCase):
    def setUp(self):
        self.image = counts.Image(LISTING)
        self.counts = counts.read(DUMP)

    def test_a_function_has_what_was_executed_in_it_and_in_its_alias(self):
        self.assertEqual(counts.by_function(self.counts, self.image),
                         {"short_return": 7, "user mode": 6, "a guest's kernel": 5, "work": 2})

    def test_an_instruction_is_told_where_it_is_in_the_image(self):
        self.assertEqual(counts.in_function(self.counts, self.image, "return"), {0xffff82d000002044: 7})

    def test_an_image_without_an_alias_leaves_addresses_alone(self):
        self.assertEqual(counts.Image("ffff82d000001000 t work\n").in_image(0xffff818040000044), 0xffff818040000044)
