"""A machine of the test's own: a network namespace with a loopback, and a Python for everybody.
Needs root.

What runs in it has all 65,535 ports to itself; nobody outside sees them. Where this Python or this
clone stands in a folder that is closed to others (root's home), the machine shows them in an open
one of the same name, so that a server can become somebody who is not root.
"""

import contextlib
import ctypes
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from outside.server import END_WITH_US, ROOT, eventually

_LIBRARY = ctypes.CDLL(None, use_errno=True)
_OF_THIS_THREAD = Path("/proc/thread-self/ns/net")


class Machine:
    """A context: the namespace lives as long as it is entered, or as what runs in it."""

    def __init__(self) -> None:
        self._keeper: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        outside = _OF_THIS_THREAD.stat().st_ino
        script = "\n".join(["set -e", *_opened(), "ip link set lo up", "exec cat"])
        self._keeper = subprocess.Popen(
            [*END_WITH_US, "unshare", "--net", "--mount", "sh", "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        eventually(lambda: self._path.stat().st_ino != outside, what="a network namespace")
        eventually(lambda: self._can_bind(), what="its loopback")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._keeper is not None
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        self._keeper.wait()

    @property
    def words(self) -> list[str]:
        """Before a command that shall run in it."""
        return ["nsenter", f"--net={self._path}", f"--mount={self._path.with_name('mnt')}"]

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Meanwhile the sockets that this thread opens are the machine's."""
        with _OF_THIS_THREAD.open() as back, self._path.open() as there:
            _enter(there.fileno())
            try:
                yield
            finally:
                _enter(back.fileno())

    @property
    def _path(self) -> Path:
        assert self._keeper is not None
        return Path(f"/proc/{self._keeper.pid}/ns/net")

    def _can_bind(self) -> bool:
        with self.inside(), socket.socket() as probe, socket.socket() as client:
            probe.bind(("127.0.0.1", 0))
            probe.listen()
            return client.connect_ex(probe.getsockname()) == 0


def _opened() -> list[str]:
    """Commands that show what a server reads in folders that everybody may enter."""
    needed = {Path(sys.base_prefix), Path(sys.prefix), ROOT}
    closed: dict[Path, list[Path]] = {}
    for path in sorted(needed):
        above = [folder for folder in reversed(path.parents) if not folder.stat().st_mode & 0o001]
        if above:
            closed.setdefault(above[0], []).append(path)
    commands = []
    for folder, paths in closed.items():
        aside = "/run/posthouse-aside"
        commands += [
            "mount -t tmpfs -o mode=755 tmpfs /run",
            f"mkdir {aside}",
            f"mount --bind {shlex.quote(str(folder))} {aside}",
            f"mount -t tmpfs -o mode=755 tmpfs {shlex.quote(str(folder))}",
        ]
        for path in paths:
            inside = shlex.quote(str(path))
            commands += [
                f"mkdir -p {inside}",
                f"mount --bind {aside}/{shlex.quote(str(path.relative_to(folder)))} {inside}",
            ]
        commands.append("umount -l /run")
    return commands


def _enter(descriptor: int) -> None:
    if _LIBRARY.setns(descriptor, 0) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def status_of(pid: int) -> dict[str, str]:
    """/proc/PID/status: the lines by their names. proc(5)"""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def descriptors_of(pid: int) -> dict[int, str]:
    """What a process has open: number and target."""
    found = {}
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found[int(path.name)] = str(path.readlink())
    return found
