"""A command for Dom0's shell: how it gets in, and how its output and status come out of the console again.

It travels in a cpio archive of its own behind Dom0's initramfs, because a kernel's command line is short and has its
own ideas about quotes. Its output comes back line by line behind a token that no other run uses (dom0/image/init).
"""

import io
import re
import secrets
import shutil
from dataclasses import dataclass, field

from cpio import Archive


def with_files(image, files, target):
    """Writes `target`: the initramfs `image`, and behind it an archive of `files` ({path: text or bytes})."""
    extra = io.BytesIO()
    archive = Archive(extra)
    for path, contents in files.items():
        archive.add(path, contents if isinstance(contents, bytes) else contents.encode(), 0o755)
    archive.close()
    shutil.copyfile(image, target)
    with open(target, "ab") as whole:
        whole.write(extra.getvalue())
    return target


@dataclass
class Job:
    command: str
    token: str = field(default_factory=lambda: f"@{secrets.token_hex(4)}")
    status: int | None = None

    def files(self):
        return {"job/command": self.command + "\n", "job/token": self.token + "\n"}

    def output_in(self, line):
        """What the command said in this line of the console, or None. Learns the status on the way."""
        found = re.search(re.escape(self.token) + r"([|_?]) (.*)", line)
        if not found:
            return None
        kind, text = found.groups()
        if kind == "?":
            self.status = int(text)
            return None
        return text + ("\n" if kind == "|" else "")
