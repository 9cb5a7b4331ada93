"""The data directory made private, and root given up before anything in it is touched.

What a reload may need of root later is two capabilities, held by the supervisor and by nobody else
(`capabilities.py`). Fails with PrivilegeFailed: a clear sentence and the next step.
"""

import os
import pwd
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from posthouse.app import capabilities

OURS: Final = ("lock", "mail.db", "bodies", "certificate.pem", "certificate-key.pem")
"""What the house writes in its data directory; a configuration there may be root's."""
UMASK: Final = 0o077
"""What this server makes is for its user only; sockets say their own mode."""


class PrivilegeFailed(Exception):
    """A directory or a user that is not as it must be."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Person:
    """A user of this machine whom we may become."""

    name: str
    uid: int
    gid: int


def find_person(name: str) -> Person | None:
    """Whom `user` names; None where there is nothing to give up."""
    if not name:
        return None
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise PrivilegeFailed(
            f"there is no user {name} on this machine",
            f"useradd --system --user-group --shell /usr/sbin/nologin {name}",
        ) from None
    if os.geteuid() not in (0, entry.pw_uid):
        raise PrivilegeFailed(
            f"only root can become {name}; we are user {os.geteuid()}",
            f"start as root or as {name}, or take `user` out of the configuration",
        )
    return Person(name, entry.pw_uid, entry.pw_gid) if os.geteuid() == 0 else None


def make_private(data: Path, person: Person | None) -> None:
    """The data directory exists, is nobody else's and is closed to everybody else."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = data.stat()
        if person is not None and found.st_uid != person.uid:
            os.chown(data, person.uid, person.gid)
            found = data.stat()
        owner = os.geteuid() if person is None else person.uid
        if found.st_uid != owner:
            raise PrivilegeFailed(f"the data directory {data} belongs to user {found.st_uid}")
        if stat.S_IMODE(found.st_mode) & 0o077:
            data.chmod(0o700)
    except OSError as error:
        raise PrivilegeFailed(f"the data directory {data}: {error.strerror}") from error


def become(person: Person | None) -> None:
    """Gives root up for ever, with all groups and capabilities but those of `capabilities.KEPT`.

    Without a person only the capabilities that we were given (by systemd) are cut down to these.
    """
    if person is not None:
        if sys.platform != "linux":
            raise PrivilegeFailed("giving up root needs Linux", f"start as {person.name} itself")
        try:
            capabilities.limit_to_nothing()
            capabilities.survive_change_of_user()
            os.setgroups([])
            os.setresgid(person.gid, person.gid, person.gid)
            os.setresuid(person.uid, person.uid, person.uid)
        except OSError as error:
            raise PrivilegeFailed(f"cannot become {person.name}: {error.strerror}") from error
        assert os.getresuid() == (person.uid,) * 3, "root is given up"
        assert os.getgroups() in ([], [person.gid]), "and its groups"
    if os.geteuid() != 0:
        capabilities.keep_only(capabilities.KEPT)
    capabilities.gain_nothing()


def expect_reachable(data: Path, person: Person | None) -> None:
    """Whom we became can work in the data directory and load the rest of this program."""
    if person is None:
        return
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        raise PrivilegeFailed(
            f"{person.name} cannot reach the data directory {data}",
            "choose one below folders that all may enter, as /var/lib/posthouse",
        )
    expect_readable_program(person)
    for name in OURS:
        path = data / name
        if path.exists() and path.lstat().st_uid != person.uid:
            raise PrivilegeFailed(
                f"{path} belongs to user {path.lstat().st_uid}, not to {person.name}",
                f"chown -R {person.name}: {data}",
            )


def expect_readable_program(person: Person) -> None:
    """Whom we are now can load the rest of this program and of Python when it is needed."""
    program, library = Path(__file__).parents[1], Path(os.__file__).parent
    for place in (program, Path(sys.prefix), library):
        if not os.access(place, os.R_OK | os.X_OK, effective_ids=True):
            raise PrivilegeFailed(
                f"{person.name} cannot read the program in {place}",
                "install it, and Python, where all may read, as /opt or /usr/local",
            )


def keep_needed(files: Iterable[Path]) -> None:
    """Once all is open: the right to read what is root's stays only where one of these is."""
    if os.geteuid() != 0:
        hidden = any(not os.access(path, os.R_OK) for path in files)
        needed = {capabilities.NET_BIND_SERVICE}
        capabilities.keep_only(needed | {capabilities.DAC_READ_SEARCH} if hidden else needed)


@contextmanager
def acting_as(person: Person | None) -> Iterator[None]:
    """Meanwhile files are opened and made as this user: a command that root typed must not leave
    files of root's in a data directory that is another's.
    """
    if person is None:
        yield
        return
    umask = os.umask(UMASK)
    os.setegid(person.gid)
    os.seteuid(person.uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.umask(umask)


def give(folder: Path, person: Person) -> None:
    """All below a folder becomes the user's, as far as it is root's; links are not followed."""
    for path in (folder, *folder.rglob("*")):
        about = path.lstat()
        if about.st_uid == 0 and (about.st_nlink == 1 or stat.S_ISDIR(about.st_mode)):
            os.chown(path, person.uid, person.gid, follow_symlinks=False)
