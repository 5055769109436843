"""guest-pv-linux-patches: the form of its patches, which of them are put into a source tree, and what is asked of a kernel."""

import tempfile
import unittest
from pathlib import Path
from unittest import mock

from basalt import places
from basalt.bench import rows
from basalt.kernel import check, measure, options, series
from basalt.progress import Trouble


class Form(unittest.TestCase):
    def test_each_is_as_format_patch_writes_it_and_signed(self):
        for patch in series.patches():
            with self.subTest(patch.file.name):
                self.assertRegex(patch.text, r"\AFrom [0-9a-f]{40} Mon Sep 17 00:00:00 2001\nFrom: .*\n")
                self.assertRegex(patch.text, r"\nSubject: \[PATCH\] (x86/xen|xen-netback): [a-z]")
                self.assertRegex(patch.text, r"\nSigned-off-by: .* <.*>\n---\n")
                self.assertTrue(patch.touched)

    def test_each_tells_what_was_measured_on_both(self):
        for patch in series.patches():
            with self.subTest(patch.file.name):
                message = patch.text.partition("\n---\n")[0]
                self.assertRegex(message, r"Basalt")
                self.assertRegex(message, r"Xen 4\.17")

    def test_the_readme_has_a_row_of_each(self):
        readme = (places.checkout / "guest-pv-linux-patches" / "README.md").read_text()
        for patch in series.patches():
            self.assertIn(patch.file.stem, readme)

    def test_numbers_are_used_once(self):
        numbers = [patch.number for patch in series.patches()]
        self.assertEqual(len(numbers), len(set(numbers)))


class Chosen(unittest.TestCase):
    def test_none_all_numbers_and_parts_of_names(self):
        everything = series.patches()
        self.assertEqual(series.chosen("none"), [])
        self.assertEqual(series.chosen("all"), everything)
        self.assertEqual(series.chosen("unmapping,0001"), [patch for patch in everything if patch.number in ("0001", "0003")])

    def test_a_name_that_is_none_is_refused(self):
        with self.assertRaisesRegex(Trouble, "no patch is named 'forks'"):
            series.chosen("0001,forks")

    def test_a_kernel_is_named_after_its_patches(self):
        everything = series.patches()
        self.assertEqual([series.name_of(each) for each in ([], everything, everything[:1], everything[:2])],
                         ["none", "all", everything[0].number, f"{everything[0].number}+{everything[1].number}"])


PATCH = """diff --git a/kernel/one.c b/kernel/one.c
--- a/kernel/one.c
+++ b/kernel/one.c
@@ -1,3 +1,3 @@
 first
-second
+{}
 third
"""


class Trees(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.tree, self.pristine = self.folder / "source", self.folder / "pristine"
        (self.tree / "kernel").mkdir(parents=True)
        for name in ("one.c", "two.c"):
            (self.tree / "kernel" / name).write_text("first\nsecond\nthird\n")

    def _patch(self, word):
        file = self.folder / f"000{len(word)}-{word}.patch"
        file.write_text(PATCH.format(word))
        return series.Patch(file)

    def _one(self):
        return (self.tree / "kernel/one.c").read_text().split()[1]

    def test_it_becomes_clean_source_with_these_patches_whatever_it_was(self):
        ours, theirs = self._patch("ours"), self._patch("theirs")
        for wanted, word in (([ours], "ours"), ([theirs], "theirs"), ([], "second"), ([ours], "ours")):
            series.put(wanted, self.tree, self.pristine)
            self.assertEqual(self._one(), word)

    def test_what_stays_as_it_is_keeps_its_date(self):
        series.put([self._patch("ours")], self.tree, self.pristine)
        before = (self.tree / "kernel/one.c").stat().st_mtime_ns
        series.put([self._patch("ours")], self.tree, self.pristine)
        self.assertEqual((self.tree / "kernel/one.c").stat().st_mtime_ns, before)

    def test_one_that_does_not_fit_is_named_and_nothing_has_changed(self):
        ours, theirs = self._patch("ours"), self._patch("theirs")
        with self.assertRaisesRegex(Trouble, "0006-theirs.patch does not apply"):
            series.put([ours, theirs], self.tree, self.pristine)
        self.assertEqual(self._one(), "second")

    def test_inside_a_checkout_too(self):
        (self.folder / ".git").mkdir()
        (self.folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
        series.put([self._patch("ours")], self.tree, self.pristine)
        self.assertEqual(self._one(), "ours")


class Asked(unittest.TestCase):
    CONFIG = "CONFIG_SMP=y\n# CONFIG_MODULES is not set\nCONFIG_HZ=250\n"

    def test_a_line_that_the_kernel_does_not_take_is_told(self):
        self.assertEqual(list(options.not_taken("# about\nCONFIG_SMP=y\nCONFIG_XNE=y\nCONFIG_HZ=100\n", self.CONFIG)),
                         ["CONFIG_XNE=y", "CONFIG_HZ=100"])

    def test_what_is_off_is_not_there_at_all_or_not_set(self):
        self.assertEqual(list(options.not_taken("CONFIG_MODULES=n\nCONFIG_SWAP=n\nCONFIG_SMP=n\n", self.CONFIG)), ["CONFIG_SMP=n"])

    def test_what_is_touched_is_compiled(self):
        patch = mock.Mock(touched=["arch/x86/xen/xen-asm.S", "arch/x86/xen/mmu.h", "mm/memory.c"])
        self.assertEqual(check.objects([patch, patch]), ["arch/x86/xen/xen-asm.o", "mm/memory.o"])


class Measured(unittest.TestCase):
    def test_rows_are_the_benchs(self):
        for part, source in (("dom0", rows.USERLAND), ("domu", rows.DOMU)):
            for name in measure.ROWS[part]:
                self.assertEqual(rows.named(name).source, source)

    def test_what_kernels_need_becomes_a_table(self):
        counts = {"boot_kernel": 1.5e9, "getppid": 446.0}
        text = measure.table({"none": counts, "0001": counts | {"boot_kernel": 7.5e8}}, ["boot_kernel", "getppid", "fork_4m"], "Basalt")
        self.assertIn("| Dom0's kernel to its /init, in boot | 1,500.0 M | 750.0 M (-50.0%) |", text)
        self.assertIn("| getppid, in Dom0 | 446 | 446 (+0.0%) |", text)
        self.assertIn("| fork, by page, 4 MiB touched, in Dom0 | - | - |", text)


if __name__ == "__main__":
    unittest.main()
