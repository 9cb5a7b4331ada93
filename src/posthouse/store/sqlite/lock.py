"""The lock of the data directory: who holds it may write. Held by the supervisor for as long as a
server runs.

The kernel gives it back when the last process that inherited it is gone, so a crash leaves no stale
lock.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Final

LOCK_NAME: Final = "lock"


class AlreadyHeld(Exception):
    """Another process writes this data directory."""


class DataLock:
    """`take` and `release`, or a `with` block."""

    __slots__ = ("_handle", "_path")

    def __init__(self, data: Path) -> None:
        self._path = data / LOCK_NAME
        self._handle = -1

    def take(self) -> None:
        """Raises AlreadyHeld at once when somebody else has it."""
        assert self._handle < 0, "the lock is taken once"
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
            os.close(handle)
            raise AlreadyHeld(
                f"{self._path.parent} is in use by process {holder or 'unknown'}"
            ) from None
        except BaseException:
            os.close(handle)
            raise
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode("ascii"), 0)
        self._handle = handle

    def fileno(self) -> int:
        """The descriptor that holds it: who inherits and closes it gives nothing back."""
        return self._handle

    def release(self) -> None:
        """Gives it back; harmless when it was not taken."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> "DataLock":
        self.take()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
