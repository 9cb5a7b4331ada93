"""Bodies too large for the database: one file each, written once, never changed. bodies/xx/ID

A file has its name only when it is whole and synced, and its folder is synced too, before a row
names it. What a crash leaves behind (a file without a row, a name that ends in .part) is swept.
"""

import hashlib
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from posthouse.base.ids import id_from_text, id_text

FOLDER_NAME: Final = "bodies"
PART_SUFFIX: Final = ".part"


class BodyFiles:
    """All of them, below the data directory."""

    __slots__ = ("_folder",)

    def __init__(self, data: Path) -> None:
        self._folder = data / FOLDER_NAME

    def path(self, body: bytes) -> Path:
        """Where the file of a body is or would be. The last characters of an id are chance, so
        folders fill evenly.
        """
        name = id_text(body)
        return self._folder / name[-2:] / name

    def start(self, body: bytes) -> "BodyWriter":
        """A new file, for its owner only. Raises OSError."""
        target = self.path(body)
        if not target.parent.exists():
            self._make_folder(target.parent)
        return BodyWriter(target)

    def open(self, body: bytes) -> BinaryIO:
        """Raises KeyError when there is no such file."""
        try:
            return self.path(body).open("rb")
        except FileNotFoundError:
            raise KeyError(body) from None

    def read(self, body: bytes, first: int = 0, count: int = -1) -> bytes:
        """Octets from `first`; raises KeyError when there is no such file."""
        with self.open(body) as file:
            if first:
                file.seek(first)
            return file.read(count)

    def remove(self, body: bytes) -> None:
        """Takes the file away; it need not be there."""
        self.path(body).unlink(missing_ok=True)

    def all(self) -> Iterator[tuple[Path, bytes | None]]:
        """Every file with the id it is named after; None for what has no such name."""
        if not self._folder.exists():
            return
        for folder in sorted(self._folder.iterdir()):
            if not folder.is_dir():
                yield folder, None
                continue
            for path in sorted(folder.iterdir()):
                try:
                    yield path, id_from_text(path.name)
                except ValueError:
                    yield path, None

    def _make_folder(self, folder: Path) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        # Both names must last as well: a synced file in a folder that is gone is gone.
        _sync_folder(self._folder.parent)
        _sync_folder(self._folder)


class BodyWriter:
    """One file on its way. Ends with `finish` or `drop`; a file that was dropped never had its
    name.
    """

    __slots__ = ("_digest", "_file", "_part", "_target", "size")

    def __init__(self, target: Path) -> None:
        self._target = target
        self._part = target.with_name(target.name + PART_SUFFIX)
        handle = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._file: BinaryIO | None = os.fdopen(handle, "wb", buffering=0)
        self._digest = hashlib.sha256()
        self.size = 0
        """Octets written so far."""

    @property
    def digest(self) -> bytes:
        """SHA-256 of what was written so far."""
        return self._digest.digest()

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Raises OSError, for example when the disk is full; then `drop`."""
        assert self._file is not None, "the file is finished or dropped"
        self._digest.update(chunk)
        view = memoryview(chunk)
        while view:
            view = view[self._file.write(view) :]
        self.size += len(chunk)

    @contextmanager
    def mapped(self) -> Iterator[mmap.mmap]:
        """What was written so far, to be read without a copy; not for an empty file. Raises
        OSError."""
        handle = os.open(self._part, os.O_RDONLY | os.O_CLOEXEC)
        try:
            octets = mmap.mmap(handle, 0, access=mmap.ACCESS_READ)
        finally:
            os.close(handle)
        with octets:
            yield octets

    def finish(self) -> None:
        """The file is whole, synced and has its name when this returns. May run in a thread. Raises
        OSError.
        """
        assert self._file is not None, "the file is finished or dropped"
        os.fdatasync(self._file.fileno())
        self._file.close()
        self._file = None
        self._part.rename(self._target)
        _sync_folder(self._target.parent)

    def drop(self) -> None:
        """Nothing of it stays. Harmless after `finish`."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self._part.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
