"""A machine of Bochs' as settings, and how its end is told."""

import unittest
from pathlib import Path

from basalt.boot.bochs import BochsMachine, ends_told_by


class Machines(unittest.TestCase):
    def test_settings_name_the_processor_the_image_and_the_line(self):
        settings = BochsMachine(Path("/images/a.iso"), "haswell", cpus=2, megabytes=512).configuration(console=7, log=8)
        for line in ("megs: 512", 'com1: enabled=1, mode=file, dev="/dev/fd/7"', "log: /dev/fd/8"):
            self.assertIn(line, settings.splitlines())
        self.assertIn("cpu: model=corei7_haswell_4770, count=2,", settings)
        self.assertIn('path="/images/a.iso"', settings)

    def test_nothing_can_be_typed(self):
        with self.assertRaises(ValueError):
            BochsMachine(Path("a.iso"), "ryzen").command({"monitor": 3}, keys=True)

    def test_a_reset_and_a_power_off_are_told_in_qemus_words(self):
        reset = "00239465991i[SYS   ] bx_pc_system_c::Reset(HARDWARE) called"
        other, off = "00224353699e[CPU0  ] RDMSR: Unknown register 0x179", "00239465991i[ACPI  ] ACPI control: soft power off"
        self.assertEqual([end for _, end in ends_told_by([reset, other, reset])], [None, None, "guest-reset"])
        self.assertEqual([end for _, end in ends_told_by([reset, off])], [None, "guest-shutdown"])


if __name__ == "__main__":
    unittest.main()
