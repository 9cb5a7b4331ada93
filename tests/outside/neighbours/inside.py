"""The first process of a neighbour's namespace: makes the machine that it sees, and starts it.

    unshare --mount --uts --pid --fork --mount-proc python -S inside.py FOLDER ROOT

In the mount namespace the unpacked packages in ROOT lie over /usr, /etc and /var, and what is
written there goes nowhere else; FOLDER is /mnt. FOLDER/machine.json says which files and users
there are and what is started. What anybody writes to /dev/log goes to FOLDER/log. On SIGTERM the
server gets it too; when it is gone the kernel ends whatever else is left in the process namespace.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import FrameType

STOP_SECONDS_MAX = 10
DEVICES = ("null", "zero", "random", "urandom", "tty", "full")


def mount(*words: str | Path) -> None:
    subprocess.run(["mount", *map(str, words)], check=True)


def see_the_packages(folder: Path, root: Path) -> None:
    """After this the servers find themselves where Debian puts them."""
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", scratch)
    see_own_devices(scratch / "dev")
    for name in ("usr", "etc", "var"):
        upper, work = scratch / name, scratch / f"{name}.work"
        upper.mkdir()
        work.mkdir()
        layers = f"lowerdir={root}/{name}:/{name},upperdir={upper},workdir={work}"
        mount("-t", "overlay", "-o", layers, "overlay", f"/{name}")
    mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run")
    mount("--bind", folder, "/mnt")


def see_own_devices(place: Path) -> None:
    """A /dev of our own: syslog's socket must not be seen by others."""
    place.mkdir()
    for name in DEVICES:
        (place / name).touch()
        mount("--bind", f"/dev/{name}", place / name)
    (place / "shm").mkdir(mode=0o1777)
    for name, to in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        (place / name).symlink_to(f"/proc/self/{to}")
    mount("--rbind", place, "/dev")


def write(files: dict[str, str], secrets_of: int) -> None:
    """Private keys are for this user alone."""
    for name, text in files.items():
        path = Path(name)
        path.unlink(missing_ok=True)  # it may be a link to elsewhere
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        path.chmod(0o755 if text.startswith("#!") else 0o644)
        if "PRIVATE KEY" in text:
            path.chmod(0o600)
            os.chown(path, secrets_of, -1)
        an_hour_ago = path.stat().st_mtime - 3600
        os.utime(path, (an_hour_ago, an_hour_ago))  # Postfix waits while a file is of this second


def settle(users: dict[str, int], people: dict[str, int]) -> None:
    """Users of the servers, and people with a home; each with a group of the same name."""
    passwd, group = [], []
    for name, number in (users | people).items():
        home = f"/mnt/home/{name}" if name in people else "/nonexistent"
        passwd.append(f"{name}:x:{number}:{number}::{home}:/bin/sh\n")
        group.append(f"{name}:x:{number}:\n")
        if name in people:
            Path(home).mkdir(parents=True, exist_ok=True)
            os.chown(home, number, number)
    for path, lines in ((Path("/etc/passwd"), passwd), (Path("/etc/group"), group)):
        others = path.read_text().splitlines(keepends=True)
        known = users | people
        path.write_text("".join([x for x in others if x.split(":")[0] not in known] + lines))


def own(folders: dict[str, str], users: dict[str, int]) -> None:
    for name, user in folders.items():
        path = Path(name)
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o711)
        number = users.get(user, 0)
        os.chown(path, number, number)


def keep_the_log(path: Path) -> None:
    """Takes what comes to /dev/log, in a thread."""
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.bind("/dev/log")
    Path("/dev/log").chmod(0o666)

    def copy() -> None:
        with path.open("ab", buffering=0) as log:
            while True:
                log.write(heard.recv(65_536).rstrip(b"\0\n") + b"\n")

    threading.Thread(target=copy, daemon=True).start()


def run(command: list[str]) -> int:
    """Until the server ends by itself or by our SIGTERM."""
    with Path("/mnt/said").open("ab") as said:
        server = subprocess.Popen(
            command, cwd="/", stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )

    def stop(_number: int, _frame: FrameType | None) -> None:
        server.terminate()
        signal.alarm(STOP_SECONDS_MAX)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGALRM, lambda *_: server.kill())
    while True:  # the first process also buries orphans
        pid, status = os.wait()
        if pid == server.pid:
            return os.waitstatus_to_exitcode(status)


def main() -> int:
    os.umask(0o022)
    folder, root = map(Path, sys.argv[1:])
    machine = json.loads((folder / "machine.json").read_text("utf-8"))
    socket.sethostname(machine["host"])
    see_the_packages(folder, root)
    users, people = machine["users"], machine["people"]
    settle(users, people)
    own(machine["folders"], users)
    for place, shown in machine["binds"].items():
        Path(place).mkdir(parents=True, exist_ok=True)
        mount("--bind", shown, place)
    write(machine["files"], users.get(machine["secrets_of"], 0))
    keep_the_log(Path("/mnt/log"))
    for command in machine["before"]:
        with Path("/mnt/said").open("ab") as said:
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    return run(machine["command"])


if __name__ == "__main__":
    sys.exit(main())
