"""The files of a checkout, as git tells them."""

import subprocess

from basalt.progress import Trouble


def files(checkout):
    """Tracked or new, not ignored, and there."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=checkout,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if listed.returncode != 0:
        raise Trouble(f"git tells which files there are, and does not here: {listed.stderr.decode().strip()}")
    return [name for name in listed.stdout.decode().split("\0") if name and (checkout / name).exists()]
