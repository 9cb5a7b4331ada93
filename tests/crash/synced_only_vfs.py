"""What a disk holds after a power cut: only what was synced, plus perhaps parts of what was not.

`recording` journals all that is written in a data directory: SQLite's files by a VFS of our own,
body files by watching fdatasync and fsync. `Disk` replays the journal and gives, for each moment
before a sync, the files as they would be found. A name lasts only when its folder was synced.

A VFS written in Python has no shared memory, so the recorded connection holds the lock exclusively.
"""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import apsw

Tree = dict[str, tuple[int, int]]
"""Every name below the data directory: inode, and size (-1: a folder)."""
SECTOR_OCTETS = 512


@dataclass(frozen=True, slots=True)
class Opened:
    """A file of SQLite; whoever makes a log syncs its folder with the first sync of the log."""

    inode: int
    syncs_folder: bool


@dataclass(frozen=True, slots=True)
class Wrote:
    """Octets at a place, or with `octets` None: the file was cut to that length."""

    inode: int
    at: int
    octets: bytes | None


@dataclass(frozen=True, slots=True)
class Synced:
    """A sync: of a file of SQLite (content None), of another file, or of a folder (path set)."""

    inode: int
    tree: Tree
    content: bytes | None = None
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that the load wants to know the place of."""

    what: Any


Event = Opened | Wrote | Synced | Mark


@dataclass
class Journal:
    """All that happened, in its order."""

    data: Path
    events: list[Event] = field(default_factory=list)

    def mark(self, what: Any) -> None:
        """Puts a sign into the journal."""
        self.events.append(Mark(what))

    def tree(self) -> Tree:
        """All names there are now."""
        found: Tree = {}
        for folder, folders, files in os.walk(self.data):
            for name in folders + files:
                path = Path(folder, name)
                facts = path.stat()
                size = -1 if path.is_dir() else facts.st_size
                found[str(path.relative_to(self.data))] = (facts.st_ino, size)
        return found


class _File(apsw.VFSFile):
    """One open file of SQLite: everything is done, and written down."""

    def __init__(self, journal: Journal, name: Any, flags: list[int]) -> None:
        self._journal = journal
        path = Path(name.filename() if isinstance(name, apsw.URIFilename) else name)
        was_there = path.exists()
        super().__init__("unix", name, flags)
        self._inode = path.stat().st_ino
        is_log = bool(flags[0] & (apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL))
        journal.events.append(Opened(self._inode, is_log and not was_there))

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        super().xWrite(data, offset)
        self._journal.events.append(Wrote(self._inode, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        super().xTruncate(newsize)
        self._journal.events.append(Wrote(self._inode, newsize, None))

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        self._journal.events.append(Synced(self._inode, self._journal.tree()))


class _Vfs(apsw.VFS):
    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        super().__init__("synced-only", "unix", makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        assert name is not None, "a temporary file: temp_store should be MEMORY"
        return _File(self._journal, name, flags)


def _exclusively(connection: apsw.Connection) -> None:
    connection.pragma("locking_mode", "exclusive")


@contextmanager
def recording(data: Path) -> Iterator[Journal]:
    """Journals what this process does in the folder."""
    journal = Journal(data)
    real_fsync, real_fdatasync = os.fsync, os.fdatasync

    def watched(real: Callable[[int], None]) -> Callable[[int], None]:
        def sync(handle: int) -> None:
            real(handle)
            path = Path(f"/proc/self/fd/{handle}").readlink()
            inode = path.stat().st_ino
            if path.is_dir():
                folder = str(path.relative_to(data))
                journal.events.append(Synced(inode, journal.tree(), folder=folder))
            else:
                content = path.read_bytes()
                journal.events.append(Synced(inode, journal.tree(), content=content))

        return sync

    vfs = _Vfs(journal)
    apsw.connection_hooks.append(_exclusively)
    try:
        with (
            mock.patch.object(os, "fsync", watched(real_fsync)),
            mock.patch.object(os, "fdatasync", watched(real_fdatasync)),
        ):
            yield journal
    finally:
        apsw.connection_hooks.remove(_exclusively)
        vfs.unregister()


class Disk:
    """What is certain to be there, as the journal goes on."""

    def __init__(self) -> None:
        self._content: dict[int, bytearray] = {}
        self._pending: dict[int, list[Wrote]] = {}
        self._folders: dict[str, dict[str, int]] = {".": {}}
        self._syncs_folder: set[int] = set()

    def play(self, event: Event) -> None:
        """The next event has happened."""
        if isinstance(event, Wrote):
            self._pending.setdefault(event.inode, []).append(event)
        elif isinstance(event, Opened):
            if event.syncs_folder:
                self._syncs_folder.add(event.inode)
        elif isinstance(event, Synced):
            if event.folder is not None:
                self._sync_folder(event.folder, event.tree)
            elif event.content is not None:
                self._content[event.inode] = bytearray(event.content)
            else:
                content = self._content.setdefault(event.inode, bytearray())
                for wrote in self._pending.pop(event.inode, []):
                    _write(content, wrote.at, wrote.octets)
                if event.inode in self._syncs_folder:
                    self._syncs_folder.remove(event.inode)
                    self._sync_folder(".", event.tree)

    def _sync_folder(self, folder: str, tree: Tree) -> None:
        inside = {Path(name).name: facts[0] for name, facts in tree.items()
                  if str(Path(name).parent) == folder}  # fmt: skip
        self._folders[folder] = inside

    def certain(self, tree: Tree) -> dict[str, bytes]:
        """Files after a cut that kept nothing but what was synced. `tree`: the names before it."""
        found: dict[str, bytes] = {}
        folders = {name for name, facts in tree.items() if facts[1] < 0}
        waiting = ["."]
        while waiting:
            folder = waiting.pop()
            for name, inode in self._folders.get(folder, {}).items():
                path = str(Path(folder, name))
                if path in folders:
                    waiting.append(path)
                else:
                    found[path] = bytes(self._content.get(inode, b""))
        return found

    def unlucky(self, tree: Tree, chance: random.Random) -> dict[str, bytes]:
        """Files after a cut that also kept some of the rest: writes out of order, torn in a sector,
        names of folders that were not synced, files of the right length without their octets."""
        found = self.certain(tree)
        inodes = {name: facts[0] for name, facts in tree.items() if facts[1] >= 0}
        if chance.random() < 0.5:  # the folders are as they were seen last
            found = {name: bytes(self._content.get(inode, b"")) for name, inode in inodes.items()}
        for name, inode in inodes.items():
            if name not in found:
                continue
            size = tree[name][1]
            if inode in self._pending:
                content = bytearray(found[name])
                for wrote in self._some(self._pending[inode], chance):
                    _write(content, wrote.at, wrote.octets)
                found[name] = bytes(content)
            elif inode not in self._content and chance.random() < 0.5:
                found[name] = bytes(size)
        return found

    @staticmethod
    def _some(pending: list[Wrote], chance: random.Random) -> list[Wrote]:
        match chance.randrange(4):
            case 0:
                kept = []
            case 1:
                kept = pending[: chance.randrange(len(pending) + 1)]
            case 2:
                kept = [wrote for wrote in pending if chance.random() < 0.5]
            case _:
                kept = list(pending)
        if kept and kept[-1].octets is not None and chance.random() < 0.7:
            last = kept[-1]
            sectors = chance.randrange(len(kept[-1].octets) // SECTOR_OCTETS + 1)
            kept[-1] = Wrote(last.inode, last.at, kept[-1].octets[: sectors * SECTOR_OCTETS])
        return kept


def _write(content: bytearray, at: int, octets: bytes | None) -> None:
    if octets is None:
        if len(content) > at:
            del content[at:]
        else:
            content.extend(bytes(at - len(content)))
        return
    if len(content) < at:
        content.extend(bytes(at - len(content)))
    content[at : at + len(octets)] = octets


def lay_out(files: dict[str, bytes], folder: Path) -> None:
    """Makes the files there."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
