"""The lock of a data directory: one writer at a time. Held by the supervisor, or by a command that
writes alone."""

import fcntl
import os
from pathlib import Path
from typing import Final

LOCK_NAME: Final = "lock"


class DataLocked(Exception):
    """Somebody else holds the directory."""


class DataLock:
    """Held from the moment it is made until `release` or the end of the process."""

    __slots__ = ("_handle",)

    def __init__(self, data: Path) -> None:
        self._handle = os.open(data / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._handle)
            raise DataLocked(f"{data} is in use by another server") from error

    def release(self) -> None:
        os.close(self._handle)
