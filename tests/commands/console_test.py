"""How long a console is listened to, and what is made of a machine's end."""

import unittest

from lib import console_of, qemu_ends, qemu_says
from basalt.boot.console import Ended, Panicked, Silent
from basalt.boot.job import Job

PANIC = "echo '(XEN) Basalt 0.1'; echo '(XEN) Panic on CPU 0:'; echo '(XEN) because'\n"


class Limits(unittest.TestCase):
    def test_a_limit_is_on_silence_not_on_length(self):
        with console_of("for n in 1 2 3 4 5 6; do sleep 0.5; echo line $n; done\n" + qemu_ends("guest-shutdown")) as console:
            self.assertEqual(console.wait(limit=2).how, "power off")

    def test_the_jobs_words_are_no_silence(self):
        job = Job("true", lambda data: None)
        with console_of("for n in 1 2 3 4 5 6; do sleep 0.5; echo $n >&$job; done\n" + qemu_ends("guest-shutdown"), job) as console:
            self.assertEqual(console.wait(limit=2).how, "power off")

    def test_a_stuck_kernels_complaint_is_news_once(self):
        with console_of("for n in 1 2 3 4 5 6; do echo \"[    $n.5] rcu: stall, t=$n jiffies\"; sleep 0.5; done") as console:
            with self.assertRaisesRegex(Silent, "rcu: stall"):
                console.wait(limit=1)


class Ends(unittest.TestCase):
    def test_words_of_a_panic_do_not_end_a_machine(self):
        with console_of(PANIC + "echo still here\n" + qemu_ends("guest-shutdown")) as console:
            console.expect("still here", limit=60)
            self.assertEqual(console.wait(limit=60).how, "power off")

    def test_a_panic_that_ends_it_is_raised(self):
        with console_of(PANIC + qemu_ends("guest-reset")) as console:
            with self.assertRaisesRegex(Panicked, "Panic on CPU 0: because"):
                console.expect("never said", limit=60)

    def test_so_is_one_that_restarts_it(self):
        with console_of(PANIC + qemu_says("RESET", guest=True, reason="guest-reset") + "sleep 600") as console:
            with self.assertRaises(Panicked):
                console.expect("never said", limit=60)

    def test_a_boot_loader_that_gives_up_ends_the_run(self):
        with console_of("echo error: no such device.; sleep 600") as console:
            with self.assertRaisesRegex(Ended, "no such device"):
                console.expect("never said", limit=60)

    def test_an_emulator_that_does_not_start_is_told_with_its_words(self):
        with console_of("echo 'qemu: no such option' >&2; exit 1") as console:
            self.assertIn("no such option", console.wait(limit=60).words)


if __name__ == "__main__":
    unittest.main()
