"""systemd's tools, and a stand-in for systemd itself: the socket that services notify.

The tools are the machine's; where it has none (most containers) Debian's packages are unpacked into
the folder build/, never installed, and nothing of them is started but the tool.
"""

import contextlib
import functools
import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Self

from outside.server import ROOT, SECONDS_MAX

FOLDER = ROOT / "build/systemd"
PACKAGES = ("systemd", "libsystemd-shared")


@functools.cache
def tool(name: str) -> tuple[str, dict[str, str]]:
    """The path of systemd-analyze or another tool, and the environment it needs."""
    found = shutil.which(name)
    if found:
        return found, dict(os.environ)
    if not (FOLDER / "complete").exists():
        _unpack()
    libraries = {str(path.parent) for path in FOLDER.rglob("libsystemd-shared-*.so")}
    (path,) = [p for p in FOLDER.rglob(name) if p.is_file() and os.access(p, os.X_OK)]
    return str(path), {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(sorted(libraries))}


def run(name: str, *words: str | Path) -> "subprocess.CompletedProcess[str]":
    """One of the tools to its end."""
    path, environ = tool(name)
    return subprocess.run(
        [path, *map(str, words)],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


def _unpack() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    for command in (
        ["apt-get", "-q", "update"],
        ["apt-get", "-q", "download", *PACKAGES],
        *(["dpkg-deb", "-x", f"{package}.deb", "root"] for package in PACKAGES),
    ):
        if command[0] == "dpkg-deb":
            (path,) = FOLDER.glob(f"{command[2].removesuffix('.deb')}_*.deb")
            command[2] = str(path)
        ran = subprocess.run(
            command, cwd=FOLDER, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        needed = command[1] != "-q" or command[2] != "update"  # old lists may do
        assert ran.returncode == 0 or not needed, ran.stderr.decode("utf-8", "replace")
    (FOLDER / "complete").touch()


class Manager:
    """Hears what a service tells systemd. A context. sd_notify(3)"""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def __enter__(self) -> Self:
        self._socket.bind(str(self._path))
        self._path.chmod(0o666)
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    @property
    def environment(self) -> dict[str, str]:
        return {"NOTIFY_SOCKET": str(self._path)}

    def hear(self, key: str) -> dict[str, str]:
        """The next message with this key; those with WATCHDOG alone are passed over."""
        self._socket.settimeout(SECONDS_MAX)
        while True:
            told = self._receive()
            if key in told:
                return told
            assert set(told) == {"WATCHDOG"}, f"expected {key}, heard {told}"

    def hears_nothing(self, seconds: float) -> bool:
        """Until then."""
        self._socket.settimeout(seconds)
        with contextlib.suppress(TimeoutError):
            return not self._receive()
        return True

    def forget(self) -> None:
        """What came meanwhile."""
        self._socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self._receive()

    def _receive(self) -> dict[str, str]:
        lines = self._socket.recv(4096).decode().splitlines()
        return dict(line.split("=", 1) for line in lines)
