"""What counts as the machine's word on its end, whatever is written on its console."""

import unittest

from basalt.boot.endings import Endings

BASALT = "(XEN) Basalt 0.1 (Xen ABI 4.17)"
PANIC = ["(XEN) Panic on CPU 1:", "(XEN) This should hold: x (y.cpp:3)", "(XEN) Reboot follows."]
CRASH = "(XEN) Dom0 has crashed: resetting"
REBOOT = "(XEN) Dom0 asks for a reboot: resetting"
AGREES = "(XEN) audit: all frames, ports and grants agree (12 us)"
FOUND = "(XEN) audit: frame 3 of d0: references: found 2, expected 1"


def heard(*lines):
    endings = Endings()
    for line in lines:
        endings.hear(line)
    return endings


class Ends(unittest.TestCase):
    def test_words_of_a_panic_are_nothing_while_the_machine_switches_off(self):
        end = heard(BASALT, *PANIC, "panic: x", CRASH, AGREES).end("guest-shutdown")
        self.assertEqual((end.how, end.in_order), ("power off", True))

    def test_the_last_word_on_an_end_is_the_hypervisors(self):
        self.assertEqual(heard(BASALT, *PANIC, CRASH, REBOOT).end("guest-reset").how, "reboot")
        self.assertEqual(heard(BASALT, REBOOT, CRASH).end("guest-reset").how, "crash")
        self.assertEqual(heard(BASALT, REBOOT, *PANIC).end("guest-reset").how, "panic")

    def test_a_panic_is_told_with_its_reason(self):
        end = heard(BASALT, *PANIC).end("guest-reset")
        self.assertEqual(end.words, "(XEN) Panic on CPU 1: This should hold: x (y.cpp:3)")

    def test_a_crash_of_dom0_is_told_with_its_kernels_reason(self):
        end = heard(BASALT, "[    1.0] Kernel panic - not syncing: no init", CRASH).end("guest-reset")
        self.assertEqual(end.words, f"{CRASH} (Kernel panic - not syncing: no init)")

    def test_words_of_stock_xen_are_known(self):
        for words, how in (("(XEN) Hardware Dom0 crashed: rebooting machine in 5 seconds.", "crash"),
                           ("(XEN) Hardware Dom0 shutdown: watchdog rebooting machine", "crash"),
                           ("(XEN) Hardware Dom0 shutdown: rebooting machine", "reboot"),
                           ("(XEN) Hardware Dom0 halted: halting machine", "halt")):
            self.assertEqual(heard("(XEN) Xen version 4.17", words).end("guest-reset").how, how)

    def test_a_reset_without_a_word_is_no_order(self):
        self.assertFalse(heard(BASALT, "bye").end("guest-reset").in_order)
        self.assertFalse(heard(BASALT, REBOOT).end("status 1").in_order)

    def test_the_boot_loader_is_heard_before_the_hypervisor_only(self):
        self.assertTrue(heard("GNU GRUB").boot_loader_gave_up("error: no such device."))
        self.assertFalse(heard("GNU GRUB", BASALT).boot_loader_gave_up("error: no such device."))


class Audits(unittest.TestCase):
    def test_the_audit_after_dom0s_last_word_counts(self):
        self.assertIsNone(heard(BASALT, FOUND, "[ 1.0] reboot: Power down", AGREES, "(XEN) power off").audit_complaint())
        self.assertEqual(heard(BASALT, AGREES, "[ 1.0] reboot: Power down", FOUND,
                               "(XEN) audit: the record of frame 3 is 1 2").audit_complaint(), FOUND)

    def test_an_earlier_one_does_not(self):
        self.assertIn("without the audit", heard(BASALT, AGREES, "[ 1.0] reboot: Power down", REBOOT).audit_complaint())

    def test_stock_xen_makes_none_whatever_others_say(self):
        self.assertIsNone(heard("(XEN) Xen version 4.17", BASALT).audit_complaint())


if __name__ == "__main__":
    unittest.main()
