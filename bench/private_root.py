"""Debian's mail servers without installing them: unpacked into a folder that this process sees.

`enter` starts the program again in a mount namespace of its own, where the unpacked packages lie
over /usr and a throw-away copy lies over /etc. Nothing outside changes; all of it ends with the
program.
Needs root and Debian (or what derives from it).
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = ("postfix", "dovecot-core", "dovecot-imapd", "dovecot-pop3d", "dovecot-lmtpd")
_INSIDE = "POSTHOUSE_BENCH_INSIDE"
_PASSWD = """postfix:x:{0}:{0}::/nonexistent:/usr/sbin/nologin
dovecot:x:{1}:{1}::/nonexistent:/usr/sbin/nologin
dovenull:x:{2}:{2}::/nonexistent:/usr/sbin/nologin
benchmail:x:{3}:{3}::/nonexistent:/usr/sbin/nologin
"""
_GROUP = "postfix:x:{0}:\ndovecot:x:{1}:\ndovenull:x:{2}:\nbenchmail:x:{3}:\npostdrop:x:{4}:\n"
_IDS = (64001, 64002, 64003, 64004, 64005)


def _run(*command: str | Path) -> None:
    ran = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        sys.exit(f"{' '.join(map(str, command))}:\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")


def unpack(folder: Path) -> None:
    """Downloads the packages and what they need, and unpacks them below `folder`/root; once."""
    root = folder / "root"
    if (folder / "complete").exists():
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        sys.exit(
            "The peers are unpacked from Debian's packages, which needs root and apt-get.\n"
            "hint: `make bench ARGS=--ours` measures Posthouse alone, without root."
        )
    print("unpacking Postfix and Dovecot into", folder, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "archives/partial").mkdir(parents=True)
    _run("apt-get", "-q", "update")
    _run(
        "apt-get", "-q", "-y", "--no-install-recommends", "--download-only",
        "-o", f"Dir::Cache::archives={folder}/archives", "install", *PACKAGES,
    )  # fmt: skip
    for package in sorted((folder / "archives").glob("*.deb")):
        _run("dpkg-deb", "-x", package, root)
    for old in ("lib", "bin", "sbin"):  # some packages still use the names before the merged /usr
        if (root / old).exists():
            shutil.copytree(root / old, root / "usr" / old, symlinks=True, dirs_exist_ok=True)
    (root / "etc").mkdir(exist_ok=True)
    shutil.rmtree(folder / "archives")
    (folder / "complete").touch()


def enter(folder: Path) -> None:
    """Goes on inside the namespace: returns there, and never returns in the process outside."""
    if os.environ.get(_INSIDE) == "1":
        _mount(folder)
        del os.environ[_INSIDE]
        os.environ[_INSIDE + "_DONE"] = "1"
        return
    if os.environ.get(_INSIDE + "_DONE") == "1":
        return  # a child of a process that is inside already
    unpack(folder)
    os.environ[_INSIDE] = "1"
    os.execvp("unshare", ["unshare", "--mount", sys.executable, *sys.argv])


def _mount(folder: Path) -> None:
    root = folder / "root"
    _run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={root}/usr:/usr", "/usr")
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    _run("mount", "-t", "tmpfs", "tmpfs", scratch)
    (scratch / "upper").mkdir()
    (scratch / "work").mkdir()
    layers = f"lowerdir={root}/etc:/etc,upperdir={scratch}/upper,workdir={scratch}/work"
    _run("mount", "-t", "overlay", "overlay", "-o", layers, "/etc")
    with Path("/etc/passwd").open("a") as passwd:
        passwd.write(_PASSWD.format(*_IDS))
    with Path("/etc/group").open("a") as group:
        group.write(_GROUP.format(*_IDS))
