"""Where the CPUs of a machine are, as QEMU's registers say."""

import unittest

from basalt.boot import where

REGISTERS = "\r\nCPU#0\r\nRAX=0000 RBX=1\r\nRIP=ffffffff80100010 RFL=00000246 [---Z-P-] CPL=3 II=0 A20=1 SMM=0 HLT=0\r\n" \
            "ES =0000\r\n\r\nCPU#1\r\nRAX=0\r\nRIP=ffff82d040200000 RFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=1\r\n"


class Monitor:
    def command(self, text):
        return REGISTERS


class Places(unittest.TestCase):
    def test_each_cpu_is_told_once(self):
        self.assertEqual(list(where.of_each_cpu(Monitor())),
                         ["CPU 0 is at 0xffffffff80100010, ring 3", "CPU 1 is at 0xffff82d040200000, ring 0"])

    def test_a_place_has_the_name_of_the_function_before_it(self):
        symbols = [(0xffffffff80100000, "spin"), (0xffffffff80100020, "next")]
        self.assertEqual(where.name_in(symbols, 0xffffffff80100010), " spin+0x10")
        self.assertEqual(where.name_in(symbols, 0xffff82d040200000), "")

    def test_only_what_dom0_says_of_a_vcpu_is_given_a_name(self):
        self.assertEqual(where.named("vcpu 1 is at ffffffff80100010 \n", "/nowhere"), "boot_guest: vcpu 1 is at ffffffff80100010\n")
        self.assertEqual(where.named("the vcpu 1 is at work\n", "/nowhere"), "the vcpu 1 is at work\n")


if __name__ == "__main__":
    unittest.main()
