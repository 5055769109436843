"""What an image tells of its source: the commit, whether files differ from it, and its date; never the clock's."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from basalt.places import checkout

NOBODY = {"GIT_AUTHOR_NAME": "n", "GIT_AUTHOR_EMAIL": "n@n", "GIT_COMMITTER_NAME": "n", "GIT_COMMITTER_EMAIL": "n@n",
          "GIT_COMMITTER_DATE": "2001-02-03T04:05:06Z"}


class SourceWords(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = Path(folder.name) / "tree"
        (self.tree / "hypervisor").mkdir(parents=True)
        (self.tree / "hypervisor" / "file").write_text("one\n")

    def git(self, *words):
        return subprocess.run(["git", "-C", self.tree, *words], env=os.environ | NOBODY, check=True, capture_output=True,
                              text=True).stdout

    def commit(self):
        self.git("init", "-q")
        self.git("add", ".")
        self.git("commit", "-q", "-m", "all")
        return self.git("rev-parse", "--short=12", "HEAD").strip()

    def words(self, tree=None, **environment):
        """The name and the date that are told."""
        output = self.tree.parent / "words.S"
        clean = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
        subprocess.run(["cmake", f"-DTREE={tree or self.tree}", "-DVERSION=1.2.3", f"-DOUTPUT={output}", "-P",
                        checkout / "toolchain" / "source-words.cmake"], env=clean | environment, check=True)
        self.written = output.stat().st_mtime_ns
        return tuple(re.findall(r'\.asciz "(.*)"', output.read_text()))

    def test_a_commit_and_its_date(self):
        commit = self.commit()
        self.assertEqual(self.words(), (f"Basalt 1.2.3 git:{commit}", "2001-02-03 04:05:06 UTC"))

    def test_files_that_differ(self):
        commit = self.commit()
        (self.tree / "hypervisor" / "new").touch()
        self.assertEqual(self.words()[0], f"Basalt 1.2.3 git:{commit}-dirty")

    def test_a_source_without_git(self):
        self.assertEqual(self.words(), ("Basalt 1.2.3 git:unknown", ""))

    def test_a_source_in_the_repository_of_something_else(self):
        self.commit()
        self.assertEqual(self.words(self.tree / "hypervisor"), ("Basalt 1.2.3 git:unknown", ""))

    def test_a_date_that_is_asked_for(self):
        self.commit()
        self.assertEqual(self.words(SOURCE_DATE_EPOCH="0")[1], "1970-01-01 00:00:00 UTC")

    def test_the_same_words_are_not_written_again(self):
        self.commit()
        self.words()
        before = self.written
        self.words()
        self.assertEqual(self.written, before)
