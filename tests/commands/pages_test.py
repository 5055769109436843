"""The tree is its own map: pages lead where they say, and each room has one that follows a call from door to door."""

import re
import unittest

from basalt.places import checkout as TREE
from basalt.tests.listing import files

NO_LINKS = re.compile(r"```.*?```|`[^`\n]*`", re.S)


def pages():
    return [TREE / name for name in files(TREE) if name.endswith(".md")]


def room_folders():
    for line in re.findall(r"^room\((.*)\)$", (TREE / "hypervisor" / "CMakeLists.txt").read_text(), re.M):
        name, folder = re.search(r"NAME (\S+)", line)[1], re.search(r"FOLDER (\S+)", line)
        yield TREE / (folder[1] if folder else f"hypervisor/{name}")


class Pages(unittest.TestCase):
    def test_links_lead_somewhere(self):
        for page in pages():
            for target in re.findall(r"\]\(([^)\s]+)\)", NO_LINKS.sub("", page.read_text())):
                file = target.partition("#")[0]
                if file and ":" not in file:
                    self.assertTrue((page.parent / file).exists(), f"{page.relative_to(TREE)} links to {target}")

    def test_each_room_follows_a_call_from_door_to_door(self):
        folders = list(room_folders())
        self.assertGreater(len(folders), 10)
        for folder in folders:
            page = folder / "README.md"
            self.assertTrue(page.exists(), f"{folder.relative_to(TREE)} has no README.md")
            self.assertIn("door to door", page.read_text().lower().replace("\n", " "), page.relative_to(TREE))
