"""The emulated machine as a command line of QEMU's."""

import tempfile
import unittest
from pathlib import Path

from basalt.boot.machine import Disk, Machine
from basalt.progress import Trouble


def pairs(machine, **lines):
    """The words of the command line, each with the one before it."""
    command = machine.command({"monitor": 3} | lines)
    return list(zip(command, command[1:]))


class Disks(unittest.TestCase):
    def test_the_controller_is_told_before_the_file(self):
        with tempfile.NamedTemporaryFile(prefix="a,b") as file:
            for text, controller in ((file.name, "virtio"), (f"virtio:{file.name}", "virtio"), (f"ahci:{file.name}", "ahci")):
                self.assertEqual(Disk.parse(text), Disk(Path(file.name), controller))
            self.assertIn("a,,b", Disk(Path(file.name)).arguments(0)[1])     # QEMU's own comma

    def test_one_that_is_not_there_is_told(self):
        with self.assertRaisesRegex(Trouble, "no such file: usb:/nowhere"):
            Disk.parse("usb:/nowhere")


class Machines(unittest.TestCase):
    def test_nodes_are_further_apart_the_more_lie_between_them(self):
        words = pairs(Machine(nodes=("640M,cpus=0-1", "384M", "1G")))
        self.assertIn(("-numa", "node,nodeid=0,memdev=node0,cpus=0-1"), words)
        for line in ("dist,src=0,dst=0,val=10", "dist,src=0,dst=1,val=21", "dist,src=2,dst=0,val=22"):
            self.assertIn(("-numa", line), words)

    def test_a_job_has_a_port_only_when_there_is_one(self):
        self.assertFalse(any("virtserialport" in word for pair in pairs(Machine()) for word in pair))
        self.assertIn(("-device", "virtserialport,chardev=job,name=job"), pairs(Machine(), job=4))

    def test_its_cpus_share_a_thread_only_when_they_have_to(self):
        self.assertIn(("-accel", "tcg"), pairs(Machine(cpus=2)))
        self.assertIn(("-accel", "tcg,thread=single"), pairs(Machine(cpus=2, one_thread=True)))

    def test_a_machine_that_is_reset_ends_unless_it_reboots(self):
        self.assertIn("-no-reboot", Machine().command({"monitor": 3}))
        self.assertNotIn("-no-reboot", Machine(reboots=True).command({"monitor": 3}))


if __name__ == "__main__":
    unittest.main()
