"""Writes initramfs archives: the kernel's "newc" cpio format (Documentation/driver-api/early-userspace/buffer-format.rst)."""

import stat

_BLOCK = 512


class Archive:
    """A cpio archive in the making. Everything belongs to root and has no date, so equal contents make equal files."""

    def __init__(self, file):
        self._file = file
        self._written = 0
        self._inodes = 0
        self._folders = set()

    def folder(self, path, mode=0o755):
        path = path.strip("/")
        if path and path not in self._folders:
            self._parent(path)
            self._folders.add(path)
            self._entry(path, stat.S_IFDIR | mode)

    def add(self, path, contents, mode=0o644):
        self._parent(path)
        self._entry(path, stat.S_IFREG | mode, contents)

    def link(self, path, target):
        self._parent(path)
        self._entry(path, stat.S_IFLNK | 0o777, target.encode())

    def character_device(self, path, major, minor, mode=0o600):
        self._parent(path)
        self._entry(path, stat.S_IFCHR | mode, device=(major, minor))

    def close(self):
        self._inodes = -1
        self._entry("TRAILER!!!", 0)
        # The kernel looks for the next archive on a 4-byte boundary; whole blocks are customary.
        self._write(bytes(-self._written % _BLOCK))

    def _parent(self, path):
        self.folder(path.strip("/").rpartition("/")[0])

    def _entry(self, path, mode, contents=b"", device=(0, 0)):
        self._inodes += 1
        name = path.strip("/").encode() + b"\0"
        links = 2 if stat.S_ISDIR(mode) else 1
        fields = (self._inodes, mode, 0, 0, links, 0, len(contents), 0, 0, *device, len(name), 0)
        self._write(b"070701" + b"".join(b"%08x" % field for field in fields) + name)
        self._write(bytes(-self._written % 4))
        self._write(contents)
        self._write(bytes(-self._written % 4))

    def _write(self, data):
        self._file.write(data)
        self._written += len(data)
