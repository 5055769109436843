"""A command's output is what it said, byte for byte, and ends where it ended."""

import unittest

from basalt.boot.job import Job


class Outputs(unittest.TestCase):
    def setUp(self):
        self.output = b""
        self.job = Job("true", self._take)
        self.token = self.job.files()["job/token"].strip().encode()
        self.line = self.job.machines_end
        self.addCleanup(self.job.close)
        self.addCleanup(self.line.close)

    def _take(self, data):
        self.output += data

    def _say(self, *pieces):
        for piece in pieces:
            self.line.sendall(piece)
            self.job.listen()

    def test_every_byte_arrives(self):
        said = bytes(range(256)) + b"a@b\r\n(XEN) Panic on CPU 0:\n"
        self._say(said, b"no end of line" + self.token + b"? 37\n")
        self.assertEqual((self.output, self.job.status), (said + b"no end of line", 37))

    def test_the_end_is_found_in_whatever_pieces_it_comes(self):
        for byte in b"a@@" + self.token + b"? 12\n":
            self._say(bytes([byte]))
        self.assertEqual((self.output, self.job.status), (b"a@@", 12))

    def test_what_only_looks_like_the_end_arrives(self):
        almost = self.token[:5]
        self._say(almost, b" and more", almost, b"? 3\n")
        self.assertEqual((self.output, self.job.status), (almost + b" and more" + almost + b"? 3\n", None))

    def test_the_end_is_answered_and_later_words_are_nobodys(self):
        self._say(self.token + b"? 0\n", b"late")
        self.assertEqual((self.line.recv(10), self.output), (b"\n", b""))

    def test_lines_of_the_console_are_its_only_behind_the_token(self):
        token = self.token.decode()
        self.assertFalse(self.job.said_on_console(f"a {token}| b"))
        self.assertTrue(self.job.said_on_console(f"{token}| b"))
        self.assertFalse(self.job.take_from_console(f"{token}| b"))
        self.assertTrue(self.job.take_from_console(f"{token}| c{token}? 5"))
        self.assertEqual((self.output, self.job.status), (b"b\nc", 5))


if __name__ == "__main__":
    unittest.main()
