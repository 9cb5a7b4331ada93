"""A full disk: letters are refused for now, nothing is lost, and it recovers by itself.

As root on a small file system in memory that the test mounts and unmounts; for anyone else by the
reserve that the store keeps free, which is then larger than any disk.
"""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from faults.conftest import BOB, letters_of, logged_in, populate
from outside.clients import Smtp, letter
from outside.server import Server, eventually

MEGABYTE = 1 << 20
DISK_OCTETS = 24 * MEGABYTE
RESERVE_OCTETS = 4 * MEGABYTE
ENDLESS_OCTETS = 1 << 60


@dataclass(frozen=True)
class Disk:
    """A server whose disk can be filled and freed."""

    server: Server
    fill: Callable[[int], None]
    """Leaves so many octets."""
    free: Callable[[], None]


@contextlib.contextmanager
def small_disk(folder: Path, *, reserve: int) -> Iterator[Disk]:
    """The server's data on a small file system if one may be mounted, else behind its reserve."""
    folder.joinpath("data").mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_OCTETS},mode=0700", "tmpfs"]
    is_mounted = (
        shutil.which("mount") is not None
        and not subprocess.run(
            [*mount, str(folder / "data")], capture_output=True, check=False, timeout=60
        ).returncode
    )
    settings = {"tls": {"allow_plaintext_auth": True}, "store": {"disk_reserve_octets": reserve}}
    ballast = folder / "data" / "ballast"

    def fill(left: int) -> None:
        with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while free_octets(folder / "data") > left:
                file.write(b"x" * min(65_536, free_octets(folder / "data") - left))

    def set_reserve(octets: int) -> None:
        server.configure({**settings, "store": {"disk_reserve_octets": octets}})
        count = len(server.events("config.reloaded"))
        server.signal(signal.SIGHUP)
        server.await_event("config.reloaded", count + 1)

    try:
        with Server(folder, settings) as server:
            populate(server)
            if is_mounted:
                yield Disk(server, fill, ballast.unlink)
            else:
                yield Disk(
                    server, lambda _left: set_reserve(ENDLESS_OCTETS), lambda: set_reserve(reserve)
                )
    finally:
        if is_mounted:
            subprocess.run(["umount", str(folder / "data")], check=True, timeout=60)


def free_octets(folder: Path) -> int:
    """What files may still take."""
    about = os.statvfs(folder)
    return about.f_bavail * about.f_frsize


def deliver(server: Server, body: bytes = b"Hello\r\n") -> tuple[int, bytes]:
    """The code of a delivery, and the letter's Message-ID."""
    text = letter("disk", body)
    with Smtp(server.ports["smtp"]) as client:
        return client.deliver(text, BOB), text.partition(b"Message-ID: <")[2].partition(b">")[0]


@pytest.mark.parametrize("reserve", [RESERVE_OCTETS, 0], ids=["with reserve", "to the last octet"])
def test_full_disk(tmp_path: Path, reserve: int) -> None:
    """452 by SMTP, NO [UNAVAILABLE] by IMAP; reading goes on; with room again all goes on."""
    large = (b"x" * 76 + b"\r\n") * 20_000
    promised = set()
    with small_disk(tmp_path, reserve=reserve) as disk:
        server = disk.server
        for body in (b"one\r\n", large):
            code, identity = deliver(server, body)
            assert code == 250
            promised.add(identity)

        disk.fill(0)

        def is_refused() -> bool:
            code, identity = deliver(server)
            if code == 250:  # there is still room in what files have already
                promised.add(identity)
            assert code in (250, 452)
            return code == 452

        eventually(is_refused, what="a letter that finds no room")
        assert deliver(server, large)[0] == 452
        with logged_in(server) as client:
            client.ok(b"SELECT INBOX")
            for text in (letter(), letter("large", large)):
                assert client.append("Drafts", text).startswith((b"NO [UNAVAILABLE]", b"NO [OVERQ"))
            assert client.command(b"COPY 1 Archive")[0].startswith((b"NO [UNAVAILABLE]", b"OK"))
            assert len(client.ok(b"FETCH 1:2 BODY.PEEK[]")) == 2
            client.ok(b"NOOP")
        assert promised <= set(letters_of(server))

        disk.free()

        def is_taken() -> bool:
            code, identity = deliver(server, large)
            if code == 250:
                promised.add(identity)
            return code == 250

        eventually(is_taken, what="a letter is taken again")
        with logged_in(server) as client:
            assert client.append("Drafts", letter()).startswith(b"OK")
        kept = letters_of(server)
        assert promised <= set(kept)
        assert sorted(kept) == sorted(set(kept))
        server.run("verify")
        server.restart()
        assert sorted(letters_of(server)) == sorted(kept)


def test_letters_can_be_deleted_without_room_for_new_ones(tmp_path: Path) -> None:
    """Within the reserve nothing new is kept, but flags and expunges are: the owner makes room."""
    with small_disk(tmp_path, reserve=RESERVE_OCTETS) as disk:
        for _ in range(3):
            assert deliver(disk.server)[0] == 250
        disk.fill(RESERVE_OCTETS // 2)
        eventually(lambda: deliver(disk.server)[0] == 452, what="no room for letters")
        left = len(letters_of(disk.server))
        with logged_in(disk.server) as client:
            client.ok(b"SELECT INBOX")
            client.ok(rb"STORE 1:2 +FLAGS (\Deleted)")
            client.ok(b"EXPUNGE")
            client.ok(b"CREATE Elsewhere")
        assert len(letters_of(disk.server)) == left - 2
        disk.free()
        eventually(lambda: deliver(disk.server)[0] == 250, what="room again")


def test_over_quota(tmp_path: Path) -> None:
    """An account that is full: 452 4.2.2 for its letters, NO [OVERQUOTA] for its APPEND; others go
    on."""
    with Server(tmp_path, {"tls": {"allow_plaintext_auth": True}}) as server:
        populate(server)
        server.add_account("ann@example.org", "--quota", "10K")
        body = (b"x" * 76 + b"\r\n") * 80
        with Smtp(server.ports["smtp"]) as client:
            codes = [client.deliver(letter("quota", body), "ann@example.org") for _ in range(3)]
            assert client.deliver(letter("other", body), BOB) == 250
        assert codes[0] == 250
        assert codes[-1] in (452, 552)
        with logged_in(server, address="ann@example.org") as client:
            assert client.append("INBOX", letter("x", body * 2)).startswith(b"NO [OVERQUOTA]")
            client.ok(b"SELECT INBOX")
            client.ok(rb"STORE 1:* +FLAGS (\Deleted)")
            client.ok(b"EXPUNGE")
            assert client.append("INBOX", letter("x", body)).startswith(b"OK")
