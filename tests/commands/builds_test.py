"""Whose build folder it is that a checkout was copied or moved with."""

import tempfile
import unittest
from pathlib import Path

from basalt import builds, places


class Folders(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def _configured(self, checkout, folder):
        (self.folder / "build.ninja").touch()
        (self.folder / "CMakeCache.txt").write_text(
            f"CMAKE_CACHEFILE_DIR:INTERNAL={folder}\nCMAKE_HOME_DIRECTORY:INTERNAL={checkout}\n")
        return builds.is_configured(self.folder), "--fresh" in builds.configuring("release", self.folder)

    def test_its_own_is_used(self):
        self.assertEqual(self._configured(places.checkout, self.folder), (True, False))

    def test_one_that_does_not_exist_is_configured(self):
        self.assertFalse(builds.is_configured(self.folder))
        self.assertNotIn("--fresh", builds.configuring("release", self.folder))

    def test_one_that_was_copied_with_the_checkout_is_configured_anew(self):
        self.assertEqual(self._configured("/another/checkout", "/another/checkout/build/release"), (False, True))

    def test_so_is_one_that_was_moved(self):
        self.assertEqual(self._configured(places.checkout, "/earlier/build/release"), (False, True))


if __name__ == "__main__":
    unittest.main()
