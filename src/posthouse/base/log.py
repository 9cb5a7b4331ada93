"""One structured line an event, to a stream (stderr). No message content, no passwords.

`log.info("smtp.accepted", id=..., peer=...)` gives
`2026-11-24T10:00:00.123Z info smtp.accepted pid=7 id=... peer=...`.
Values are quoted and control characters escaped, so nothing from outside can forge a line. Never
raises.
"""

import os
import re
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from enum import IntEnum
from typing import Final

from posthouse.base.clock import Clock

VALUE_CHARACTERS_MAX: Final = 500
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.:/@+<>\[\]-]+\Z")


class Level(IntEnum):
    """How much an event matters."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40


_PRIORITIES: Final = {"debug": "<7>", "info": "<6>", "warning": "<4>", "error": "<3>"}
"""What the journal reads before a line. sd-daemon(3)"""


class Log:
    """Writes events of at least `level`. `write` takes one encoded line and may fail silently.

    With `to_journal` each line begins with its priority as systemd's journal reads it.
    """

    __slots__ = ("_clock", "_priorities", "_write", "level")

    def __init__(
        self,
        clock: Clock,
        write: Callable[[bytes], object],
        level: Level = Level.INFO,
        *,
        to_journal: bool = False,
    ) -> None:
        self._clock = clock
        self._write = write
        self._priorities = _PRIORITIES if to_journal else dict.fromkeys(_PRIORITIES, "")
        self.level = level

    def debug(self, event: str, **keys: object) -> None:
        if self.level <= Level.DEBUG:
            self._event("debug", event, keys)

    def info(self, event: str, **keys: object) -> None:
        if self.level <= Level.INFO:
            self._event("info", event, keys)

    def warning(self, event: str, **keys: object) -> None:
        if self.level <= Level.WARNING:
            self._event("warning", event, keys)

    def error(self, event: str, **keys: object) -> None:
        self._event("error", event, keys)

    def fault(self, event: str, error: BaseException, **keys: object) -> None:
        """A fault of ours: the event with its traceback on the same line."""
        trace = "".join(traceback.format_exception(error)).strip().replace("\n", " | ")
        self._event("error", event, {**keys, "traceback": trace}, characters_max=4000)

    def _event(
        self,
        level: str,
        event: str,
        keys: dict[str, object],
        characters_max: int = VALUE_CHARACTERS_MAX,
    ) -> None:
        stamp = datetime.fromtimestamp(self._clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        parts = [f"{self._priorities[level]}{stamp}Z {level} {event} pid={os.getpid()}"]
        for key, value in keys.items():
            text = value if isinstance(value, str) else str(value)
            if not _PLAIN.match(text):
                text = quoted(text[:characters_max])
            parts.append(f"{key}={text}")
        try:
            self._write((" ".join(parts) + "\n").encode("utf-8", "backslashreplace"))
        except OSError:
            return  # a full or closed log must not stop mail


def quoted(text: str) -> str:
    """The text in double quotes with quotes, backslashes and control characters escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in escaped) + '"'


def is_journal(stream: str) -> bool:
    """Whether stderr is the journal: `stream` is its JOURNAL_STREAM, device:inode.
    systemd.exec(5)
    """
    try:
        about = os.fstat(2)
    except OSError:
        return False
    return stream == f"{about.st_dev}:{about.st_ino}"


def to_stderr(line: bytes) -> None:
    """Where a server's events go: one write a line, so that lines of several processes do not
    mix."""
    os.write(2, line)
