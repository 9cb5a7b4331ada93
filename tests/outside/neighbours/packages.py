"""Debian's mail servers without installing them: downloaded and unpacked once, below build/peers.

They exclude each other and start themselves when installed; unpacked they are only files.
"""

import fcntl
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

from outside.server import ROOT

UNPACKED: Final = ROOT / "build/peers"
TRIES: Final = 3
SECONDS_MAX: Final = 600.0


def unpack(package: str, *more: str) -> Path:
    """The folder with the files of a package, of some more, and of what they need and is not here.

    Processes that ask at the same time wait for the one that downloads.
    """
    root = UNPACKED / package
    if root.exists():
        return root
    assert os.geteuid() == 0, "real mail servers run in a mount namespace, which needs root"
    assert shutil.which("apt-get"), "real mail servers come from Debian's packages: needs apt-get"
    UNPACKED.mkdir(parents=True, exist_ok=True)
    with (UNPACKED / f"{package}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            fresh = UNPACKED / f"{package}.new"
            shutil.rmtree(fresh, ignore_errors=True)
            _download((package, *more), fresh / "archives")
            _extract(fresh / "archives", fresh / "root")
            (fresh / "root").rename(root)  # whole or not at all
            shutil.rmtree(fresh)
    return root


def _download(packages: tuple[str, ...], archives: Path) -> None:
    (archives / "partial").mkdir(parents=True)
    command = (
        "apt-get", "-q", "-y", "--no-install-recommends", "--download-only", "--reinstall",
        "-o", f"Dir::Cache::archives={archives}", "install", *packages,
    )  # fmt: skip
    said = ""
    for number in range(TRIES):  # a registry may be away for a moment, or its lists too old
        if number:
            time.sleep(5 * number)
            _run("apt-get", "-q", "update")
        said = _run(*command)
        if all(any(archives.glob(f"{package}_*.deb")) for package in packages):
            return
    raise AssertionError(f"apt-get could not download {packages}:\n{said[-2000:]}")


def _extract(archives: Path, root: Path) -> None:
    for archive in sorted(archives.glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", archive, root], check=True, timeout=SECONDS_MAX)
    for old in ("lib", "bin", "sbin"):  # some packages still use the names before the merged /usr
        if (root / old).exists():
            shutil.copytree(root / old, root / "usr" / old, symlinks=True, dirs_exist_ok=True)
    for name in ("usr", "etc", "var"):
        (root / name).mkdir(parents=True, exist_ok=True)


def _run(*command: str) -> str:
    ran = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=False, timeout=SECONDS_MAX,
    )  # fmt: skip
    return ran.stdout
