"""Which files a checkout has, whether git knows it or not."""

import tempfile
import unittest
from pathlib import Path
from unittest import mock

from basalt import places
from basalt.tests.listing import files


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = Path(folder.name)

    def _make(self, *names):
        for name in names:
            file = self.tree / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()

    def test_what_is_built_and_what_is_gits_is_left_out(self):
        self._make("run", "lib/a.py", "lib/__pycache__/a.pyc", "build/basalt", ".git/HEAD", ".ci/run", "tests/build/kept")
        self.assertEqual(files(self.tree), [".ci/run", "lib/a.py", "run", "tests/build/kept"])

    def test_a_worktrees_file_of_gits_is_left_out(self):
        self._make(".git", "run")
        self.assertEqual(files(self.tree), ["run"])

    def test_another_build_folder_is_left_out(self):
        self._make("out/basalt", "run")
        with mock.patch.object(places, "build", self.tree / "out"):
            self.assertEqual(files(self.tree), ["run"])


if __name__ == "__main__":
    unittest.main()
