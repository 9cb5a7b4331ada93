"""The data directory made private, and root given up once the listeners are open.

Fails with PrivilegeFailed, a clear sentence.
"""

import grp
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path


class PrivilegeFailed(Exception):
    """A directory or a user that is not as it must be."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user of this machine whom we may become."""

    name: str
    uid: int
    gid: int


def find_person(name: str) -> Person | None:
    """Whom [user] names; None where there is nothing to give up."""
    if not name:
        return None
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise PrivilegeFailed(f"there is no user {name} on this machine") from None
    if os.geteuid() not in (0, entry.pw_uid):
        raise PrivilegeFailed(f"only root can become {name}; we are user {os.geteuid()}")
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


def become(person: Person, given: list[Path]) -> None:
    """Gives root up for ever, and with it the files we made so far."""
    for path in given:
        os.chown(path, person.uid, person.gid, follow_symlinks=False)
    groups = [g.gr_gid for g in grp.getgrall() if person.name in g.gr_mem]
    os.setgroups([person.gid, *groups])
    os.setresgid(person.gid, person.gid, person.gid)
    os.setresuid(person.uid, person.uid, person.uid)
    assert os.geteuid() == person.uid, "root is given up"
