"""What tests/bench makes of what it has counted."""

import re
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from basalt import places
from basalt.bench import boots, contention, counts, page, profile, results, rows, run, table
from basalt.bench.counts import Function, Names
from basalt.progress import Trouble

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

    def test_an_image_without_aliases_leaves_addresses_alone(self):
        self.assertEqual(Names([(IMAGE, "work")]).in_image(ALIAS_OF_SECOND_CPU), ALIAS_OF_SECOND_CPU)

    def test_a_function_is_asked_for_by_its_name_or_else_by_a_part_of_it(self):
        names = Names([(1, "enter"), (2, "enter_guests"), (3, "leave")])
        self.assertEqual(counts.alike(names, "enter"), [(0, "enter")])
        self.assertEqual(counts.alike(names, "ent"), [(0, "enter"), (1, "enter_guests")])

    def test_names_are_short(self):
        for name, shown in (("basalt::paging::pin(basalt::Mfn)", "paging::pin"),
                            ("void basalt::pv::(anonymous namespace)::enter<0ul>(basalt::Vcpu&) (.llvm.81)", "pv::enter<0ul>"),
                            ("int run<int (*)(long)>(int)", "run<int (*)(long)>"),
                            ("basalt::Ports::operator bool() const", "Ports::operator bool"), ("memcpy", "memcpy")):
            self.assertEqual(counts.name_of(name), shown)

    def test_names_of_the_kernel_are_those_of_its_code(self):
        text = "ffffffff81000000 T _text\nffffffff81000010 t mfn_to_pfn\nffffffff82000000 D data\nbench getppid 1 2\n"
        self.assertEqual(counts.names_of_kernel(text).of, [(0xFFFFFFFF81000000, "_text"), (0xFFFFFFFF81000010, "mfn_to_pfn")])


class Contention(unittest.TestCase):
    def test_each_lock_is_told(self):
        told = "(XEN)   event ports: taken 4 times, held 20 ns, at most 70 ns; waited for 1 times, 30 ns, at most 31 ns\r\n"
        locks = contention.locks_in(told)
        self.assertEqual(locks, [contention.Lock("event ports", 4, 20, 70, 1, 30, 31)])
        self.assertIn("25.00%", list(contention.table("fault", 2, locks))[1])


class Told(unittest.TestCase):
    def test_rows_are_told_by_lines_of_their_own_and_the_cheapest_window_counts(self):
        text = "bench signal 12 2\nbench signal 10 2\nno bench cpuid 1 1\nbench getppid 7 7\nbench signal 14 2\nbench nobody 1 1\n"
        self.assertEqual(boots.rows_in(text, rows.USERLAND), {"signal": 5, "getppid": 1})
        self.assertEqual(boots.rows_in(text, rows.DOMU), {"domu_signal": 5, "domu_getppid": 1})

    def test_of_several_windows_the_cheapest_is_taken_apart(self):
        told = boots.windows_in("bench a 12 2\nbench a 10 2\nbench b 1 1\n")
        self.assertEqual(profile.cheapest(told, [{1: 12}, {1: 10}, {1: 1}]), {"a": (told[1], {1: 10}), "b": (told[2], {1: 1})})


class Rows(unittest.TestCase):
    def test_each_has_a_name_of_its_own(self):
        names = [row.name for row in rows.ROWS]
        self.assertEqual(len(names), len(set(names)))
        for growth in rows.GROWTHS:
            for _, name in growth.rows:
                self.assertIn(name, names)

    def test_each_is_of_something_that_run_knows_how_to_start(self):
        started = [source for sources in rows.PARTS.values() for source in sources]
        self.assertEqual(sorted(started), sorted(run.MEASURES))
        self.assertEqual({row.source for row in rows.ROWS}, set(started))

    def test_what_is_compared_with_native_is_counted_there(self):
        counted = {row.name for source in run.MEASURES for row in rows.expected(source, "native")}
        self.assertEqual({row.native for row in rows.ROWS} - {""}, counted)

    def test_the_program_and_the_table_know_the_same(self):
        program = (places.tests / "bench" / "userland" / "main.cpp").read_text()
        told = re.findall(r'^    \{"(\w+)", ', program, re.M)
        self.assertEqual(told, [row.name for row in rows.ROWS if row.source == rows.USERLAND and row.has_loop])
        self.assertEqual(told, [row.told for row in rows.ROWS if row.source == rows.DOMU and row.has_loop])


class Missing(unittest.TestCase):
    def of_failure(self, failure):
        def fails(*_):
            raise failure
        with mock.patch.dict(run.MEASURES, {"events": fails}):
            return run.rows_of("events", "xen", None)

    def test_what_was_told_before_a_failure_is_kept_and_the_rest_says_why(self):
        counted, missing = self.of_failure(boots.Failed("boot_guest.py", 1, "hello\nbench event_self 10 2\nno such port\nbench event_self 8 2\n"))
        self.assertEqual(counted, {"event_self": 4})
        self.assertEqual(missing, {"event_other": "boot_guest.py ended with status 1: no such port"})

    def test_without_a_word_the_reason_is_all_there_is(self):
        self.assertEqual(self.of_failure(Trouble("no emulator")), ({}, {"event_self": "no emulator", "event_other": "no emulator"}))

    def test_what_is_missing_is_told_once_for_each_reason(self):
        found = results.Results()
        found.add("xen", {}, {"event_self": "no emulator", "event_other": "no emulator"})
        found.add("basalt", {"event_self": 3.0}, {})
        self.assertEqual(table.missing(found.missing), "not had on xen: a small guest: event to oneself, taken by an upcall; event "
                                                       "to another domain, asleep until it comes\n    no emulator")
        self.assertEqual(results.Results.read(found.written()), found)
        self.assertIn("no emulator", page.page(found, []))


class Counted(unittest.TestCase):
    COUNTS = {"native": {"getppid": 300.0}, "xen": {"getppid": 900.0, "null_hypercall": 280.0},
              "basalt": {"getppid": 600.0, "null_hypercall": 70.0}}

    def test_a_line_tells_what_each_adds_to_native(self):
        call, getppid = results.lines(self.COUNTS)
        self.assertEqual((call.ratio, call.adds("xen"), call.ratio_of_added), (0.25, None, None))
        self.assertEqual((getppid.adds("xen"), getppid.adds("basalt"), getppid.ratio_of_added), (600, 300, 0.5))

    def test_what_has_moved_is_what_differs_by_more_than_noise(self):
        before = {"basalt": {"getppid": 598.9, "null_hypercall": 100.0}, "xen": {}}
        self.assertEqual([(move.row.name, round(move.part, 2)) for move in results.moves(self.COUNTS, before)], [("null_hypercall", -0.3)])
        self.assertEqual(results.moves(self.COUNTS, {}), [])

    def test_what_is_accepted_replaces_its_own_rows_only(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "accepted.toml"
            results.accept(self.COUNTS, file)
            results.accept({"basalt": {"getppid": 500.04}}, file)
            kept = results.accepted(file)
            self.assertEqual(kept, self.COUNTS | {"basalt": {"getppid": 500.0, "null_hypercall": 70.0}})

    def test_the_page_is_whole_and_asks_no_network(self):
        text = page.page(results.Results(self.COUNTS | {"xen": self.COUNTS["xen"] | {"fork_1m": 9.0, "fork_4m": 4.0}}), [])
        for shown in ("getppid", "<svg", "polyline", "</html>"):
            self.assertIn(shown, text)
        self.assertNotIn("http", text)


if __name__ == "__main__":
    unittest.main()
