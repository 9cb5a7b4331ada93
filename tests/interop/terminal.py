"""A terminal for programs that will not work without one: screens come out, keys go in."""

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from outside.server import SECONDS_MAX

QUIET_LOOKS = 5
QUIET_SECONDS = 0.02
"""A program that is still at work is running, or has something to say, at one of so many looks."""
_CONTROLS = re.compile(rb"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[()][A-Z0-9]|\x1b[=>78]|[\x0e\x0f]")
"""What moves the cursor and colours the text. ECMA-48 5.4"""


class Terminal:
    """A program on a terminal of 120 columns and 40 lines; it ends with the block."""

    def __init__(self, words: list[str], environment: dict[str, str]) -> None:
        self.shown = b""
        """All that it wrote, controls and all."""
        self._heard = 0
        self._deadline = time.monotonic() + SECONDS_MAX
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self._program = subprocess.Popen(
            ["setsid", "--ctty", *words],  # neomutt waits for ever without a controlling terminal
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", **environment},
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        os.close(self._ours)
        self._program.kill()
        self._program.wait()

    def expect(self, *texts: str) -> str:
        """Waits until one of these is written, after what was expected last; gives what came with
        it."""
        while True:
            news = _CONTROLS.sub(b"", self.shown[self._heard :])
            if any(text.encode() in news for text in texts):
                break
            data = self._read()
            assert data, f"it ended without {texts}: {news[-2000:].decode('utf-8', 'replace')}"
            self.shown += data
        self._heard = len(self.shown)
        return news.decode("utf-8", "replace")

    def screen(self) -> str:
        """All that was written so far, without controls."""
        return _CONTROLS.sub(b"", self.shown).decode("utf-8", "replace")

    def type(self, keys: str) -> None:
        """Keys, once it waits for some: alpine throws away what comes while it paints."""
        self._rest()
        os.write(self._ours, keys.encode())

    def _rest(self) -> None:
        """Waits until it has nothing more to say and sleeps."""
        looks = 0
        while looks < QUIET_LOOKS:
            assert time.monotonic() < self._deadline, f"it never rests: {self.shown[-2000:]!r}"
            if select.select([self._ours], [], [], QUIET_SECONDS)[0]:
                if not (data := self._read()):
                    return
                self.shown += data
                looks = 0
                continue
            stat = Path(f"/proc/{self._program.pid}/stat").read_text()
            looks = looks + 1 if stat.rpartition(")")[2].split()[0] == "S" else 0

    def finish(self) -> str:
        """Waits for its end, which must be a good one; gives all that it showed."""
        while data := self._read():
            self.shown += data
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._program.wait(max(0.1, self._deadline - time.monotonic()))
        assert self._program.returncode == 0, self.shown[-2000:]
        return self.shown.decode("utf-8", "replace")

    def _read(self) -> bytes:
        """What comes next, b"" at the end."""
        left = max(0.0, self._deadline - time.monotonic())
        if not select.select([self._ours], [], [], left)[0]:
            raise AssertionError(f"it waits for something: {self.shown[-2000:]!r}")
        try:
            return os.read(self._ours, 65_536)
        except OSError:  # Linux says EIO when the other side is closed
            return b""


def on_terminal(words: list[str], environment: dict[str, str]) -> str:
    """Runs a program that needs no keys of ours until it ends."""
    with Terminal(words, environment) as terminal:
        return terminal.finish()
