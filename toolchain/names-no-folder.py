#!/usr/bin/env python3
"""names-no-folder.py IMAGE FOLDER...: fails where the image names one of these folders: another checkout would make another one."""
import sys
from pathlib import Path

image, *folders = map(Path, sys.argv[1:])
content = image.read_bytes()
for folder in folders:
    at = content.find(bytes(folder) + b"/")
    if at >= 0:
        name = content[at:content.index(b"\0", at)].decode(errors="replace")
        image.unlink()
        sys.exit(f"names-no-folder.py: {image} would name {name}, which is on this machine only")
