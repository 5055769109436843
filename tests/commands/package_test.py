"""The host's Python is one package, whose modules need nobody to find each other."""

import importlib
import unittest

from basalt.places import checkout

FOLDER = checkout / "toolchain" / "basalt"


class Modules(unittest.TestCase):
    def test_each_is_found_by_its_name_in_the_package_and_does_nothing_then(self):
        for file in sorted(FOLDER.rglob("*.py")):
            names = ["basalt", *file.relative_to(FOLDER).with_suffix("").parts]
            importlib.import_module(".".join(name for name in names if name != "__init__"))

    def test_none_changes_where_python_looks(self):
        for file in FOLDER.rglob("*.py"):
            self.assertNotIn("sys.path", file.read_text(), file.name)


if __name__ == "__main__":
    unittest.main()
