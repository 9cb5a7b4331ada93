"""The SMTP door with a house in memory: what is asked, what is kept, what is given back."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from accept_house import play_mx
from posthouse.accept.flight import Flight
from posthouse.accept.settings import AcceptSettings
from posthouse.accept.smtp import AcceptHouse, SmtpDoor
from posthouse.base.clock import SetClock
from posthouse.base.ids import Ids
from posthouse.base.log import Level, Log
from posthouse.base.metrics import Metrics
from posthouse.deliver.local import InboxDelivery
from posthouse.directory.resolve import Directory
from posthouse.net.ports import PeerFacts
from posthouse.net.tls import TlsFacts
from posthouse.queue.intake import Intake
from posthouse.store.bodies_file import BodyFiles
from posthouse.store.contract import StoreFailure
from posthouse.store.memory import MemoryStore
from posthouse.store.values import (
    BODY_INLINE_OCTETS_MAX,
    INBOX,
    AddAccount,
    AddDomain,
    SetAccount,
    Why,
)
from posthouse.wire.smtp.limits import SmtpLimits
from posthouse.wire.smtp.service import SmtpService
from talk import CUTTERS, Cutter, Talk, all_talks
from turn import run_now

NOW = 1_795_000_000
TEXT = b"From: a@example.net\r\nMessage-ID: <m@example.net>\r\n\r\nHello\r\n"


async def in_turn(function: Any, *arguments: Any) -> Any:
    """The thread that is none."""
    return function(*arguments)


@pytest.mark.parametrize("talk", all_talks("mx"), ids=lambda talk: talk.name)
@pytest.mark.parametrize("cut", CUTTERS, ids=lambda cut: cut.__name__)
def test_talk(talk: Talk, cut: Cutter) -> None:
    """The door says what the transcript says, however the network cuts the octets."""
    assert play_mx(talk, cut) == talk.expected


class World:
    """One door, one session, ann and bob of example.org with accounts 1 and 2."""

    def __init__(self, folder: Path) -> None:
        self.clock = SetClock(NOW)
        self.bodies = BodyFiles(folder)
        self.store = MemoryStore(self.clock, self.bodies.path)
        self.folder = folder
        self.lines: list[str] = []
        self.row = Metrics().row(2)
        self.house = AcceptHouse(
            hostname="mail.example.org",
            settings=AcceptSettings(),
            directory=Directory(self.store),
            intake=Intake(self.store, InboxDelivery(), self.clock),
            bodies=self.bodies,
            flight=Flight(1 << 20, self.row),
            ids=Ids(self.clock),
            clock=self.clock,
            log=Log(self.clock, lambda line: self.lines.append(line.decode()), Level.INFO),
            metrics=self.row,
            in_thread=in_turn,
        )
        run_now(self.store.commit(AddDomain("example.org")))
        for name in ("ann", "bob"):
            address = f"{name}@example.org"
            run_now(self.store.commit(AddAccount(address, address, 0, (), ())))
        limits = SmtpLimits(body_memory_octets_max=1024)
        self.door = SmtpDoor(self.house, SmtpService("mail.example.org", limits=limits))
        self.connection: Any = SimpleNamespace(
            facts=PeerFacts("192.0.2.9", 4711, "192.0.2.1", 25, None)
        )
        self.core, self.visit = self.door.open(self.connection)
        assert self.say(b"").startswith("220 ")
        self.say(b"EHLO client.example.net\r\n")

    def say(self, octets: bytes) -> str:
        """What is answered to these octets."""
        self.core.receive(octets)
        while (question := self.core.next_question()) is not None:
            self.core.answer(run_now(self.visit.answer(question)))
        return self.core.take_output().decode()

    def deliver(self, *recipients: str, text: bytes = TEXT) -> str:
        """The last answer to a letter."""
        self.say(b"MAIL FROM:<a@example.net>\r\n")
        for recipient in recipients:
            self.say(f"RCPT TO:<{recipient}>\r\n".encode())
        self.say(b"DATA\r\n")
        return self.say(text + b".\r\n")

    def kept(self, account: int) -> list[bytes]:
        """The octets in the INBOX of an account."""

        async def read() -> list[bytes]:
            found: list[bytes] = []
            fields = ("body", "octets")
            async for rows in self.store.letters(account, INBOX, ((1, 2**32 - 1),), fields):
                for body, octets in rows:
                    found.append(
                        octets if octets is not None else self.bodies.path(body).read_bytes()
                    )
            return found

        return run_now(read())

    def files(self) -> list[Path]:
        """Body files, begun or whole."""
        return [path for path in self.folder.rglob("*") if path.is_file()]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    assert world.house.flight.octets == 0
    world.visit.ended()


def test_a_letter_is_kept_with_our_fields_before_it(world: World) -> None:
    """Return-Path and Received stand first, with the id that the 250 names."""
    said = world.deliver("bob@example.org")
    assert said.startswith("250 2.0.0 accepted as ")
    identity = said.split()[-1]
    (octets,) = world.kept(2)
    assert octets.endswith(TEXT)
    assert octets.startswith(b"Return-Path: <a@example.net>\r\nReceived: from client.example.net (")
    assert f" with ESMTP id {identity}\r\n\tfor <bob@example.org>;".encode() in octets
    assert any("smtp.accepted" in line and identity in line for line in world.lines)


def test_one_letter_for_two_is_one_body(world: World) -> None:
    """The same octets for both, and no `for` that tells one of the other."""
    assert world.deliver("ann@example.org", "bob+x@example.org", "bob@example.org")[:3] == "250"
    (first,), (second,) = world.kept(1), world.kept(2)
    assert first == second
    assert b"\tfor <" not in first


@pytest.mark.parametrize("size", [900, 1100, BODY_INLINE_OCTETS_MAX + 1000, 300_000])
def test_large_letters_are_files(world: World, size: int) -> None:
    """Whatever its size a letter is whole; a large one is a file, synced before its 250."""
    text = TEXT + (b"x" * 98 + b"\r\n") * (size // 100)
    assert world.deliver("bob@example.org", text=text).startswith("250")
    (octets,) = world.kept(2)
    assert octets.endswith(text)
    assert hashlib.sha256(octets).digest()
    assert len(world.files()) == (1 if size > 1024 else 0)


def test_refused_recipients(world: World) -> None:
    """Nobody and strangers get their codes, are counted and logged, and the rest goes on."""
    world.say(b"MAIL FROM:<a@example.net>\r\n")
    assert world.say(b"RCPT TO:<eve@example.org>\r\n").startswith("550 5.1.1")
    assert world.say(b"RCPT TO:<ann@example.com>\r\n").startswith("55")
    assert world.say(b"RCPT TO:<bob@example.org>\r\n").startswith("250")
    assert sum("smtp.recipient_refused" in line for line in world.lines) == 2


def test_a_loop(world: World) -> None:
    """A letter that has come by too often is refused, also a large one whose file goes again."""
    trace = b"Received: from a by b; Tue, 24 Nov 2026 10:00:00 +0000\r\n" * 100
    for more in (b"", b"x" * 90_000 + b"\r\n"):
        assert world.deliver("bob@example.org", text=trace + TEXT + more).startswith("554 5.4.6")
    assert world.kept(2) == []
    assert world.files() == []


@pytest.mark.parametrize(
    ("why", "code"),
    [
        (Why.FULL, "452 4.3.1"),
        (Why.OVER_QUOTA, "452 4.2.2"),
        (Why.AWAY, "451 4.3.0"),
        (Why.OURS, "451"),
    ],
)
@pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
def test_the_store_says_no(
    world: World, monkeypatch: pytest.MonkeyPatch, why: Why, code: str, large: bool
) -> None:
    """Each reason has its answer; nothing is left behind, and the session goes on."""

    async def commit(*_values: object) -> None:
        raise StoreFailure(why, "a test")

    text = TEXT + (b"x" * 98 + b"\r\n") * (2000 if large else 1)
    monkeypatch.setattr(MemoryStore, "commit", lambda _self, *values: commit(*values))
    assert world.deliver("bob@example.org", text=text).startswith(code)
    monkeypatch.undo()
    assert world.kept(2) == []
    assert world.deliver("bob@example.org").startswith("250")


def test_the_disk_says_no(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body file that cannot be written or synced: 452, and nothing of it stays."""
    text = TEXT + (b"x" * 98 + b"\r\n") * 5000

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    from posthouse.store.bodies_file import BodyWriter

    for broken in ("write", "finish"):
        monkeypatch.setattr(BodyWriter, broken, full)
        assert world.deliver("bob@example.org", text=text).startswith("452 4.3.1"), broken
        monkeypatch.undo()
        assert world.files() == []
    assert world.kept(2) == []


def test_too_much_in_flight(world: World) -> None:
    """When all letters together would be too many octets the next one is told to come again."""
    world.house.flight.octets = 1 << 20
    world.say(b"MAIL FROM:<a@example.net> SIZE=60000\r\n")
    world.say(b"RCPT TO:<bob@example.org>\r\n")
    assert world.say(b"DATA\r\n").startswith("452 4.3.1")
    world.house.flight.octets = 0
    assert world.say(b"DATA\r\n").startswith("354")
    assert world.say(TEXT + b".\r\n").startswith("250")


def test_a_session_that_breaks_off(tmp_path: Path) -> None:
    """An unfinished letter leaves neither file nor reservation, however it ends."""
    for last in (b"", b"\0\r\n.\r\n"):
        world = World(tmp_path)
        world.say(b"MAIL FROM:<a@example.net>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n")
        world.say(b"x" * 998 + b"\r\n" + (b"y" * 98 + b"\r\n") * 3000 + last)
        assert len(world.files()) == (0 if last else 1)
        world.visit.ended()
        assert world.files() == []
        assert world.house.flight.octets == 0


def test_reset_between_letters(world: World) -> None:
    """RSET forgets who was meant; the next letter goes only to its own recipients."""
    world.say(b"MAIL FROM:<a@example.net>\r\nRCPT TO:<ann@example.org>\r\nRSET\r\n")
    assert world.deliver("bob@example.org").startswith("250")
    assert world.kept(1) == []
    world.say(b"MAIL FROM:<a@example.net>\r\nRCPT TO:<ann@example.org>\r\n")
    world.say(b"EHLO again.example.net\r\n")
    assert world.deliver("bob@example.org").startswith("250")
    assert world.kept(1) == []
    first, second = world.kept(2)
    assert first.split(b" id ")[1][:26] != second.split(b" id ")[1][:26]


def test_tls_and_utf8_are_told(world: World) -> None:
    """Received names the protocol, and TLS with version and cipher. RFC 3848, 6531 4.3"""
    world.connection.facts.tls = TlsFacts("TLSv1.3", "TLS_AES_128_GCM_SHA256", 128)
    world.core.has_tls = True
    world.say("MAIL FROM:<李@example.net> SMTPUTF8 BODY=8BITMIME\r\n".encode())
    world.say(b"RCPT TO:<bob@example.org>\r\nDATA\r\n")
    assert world.say(TEXT + b".\r\n").startswith("250")
    (octets,) = world.kept(2)
    assert "Return-Path: <李@example.net>".encode() in octets
    assert b" with UTF8SMTPS (TLSv1.3 TLS_AES_128_GCM_SHA256) id " in octets


def test_a_question_of_another_door_is_a_fault(world: World) -> None:
    """What this door does not know is never answered by chance."""
    with pytest.raises(AssertionError, match="does not know"):
        run_now(world.visit.answer(object()))


def test_who_guesses_addresses_is_sent_away(world: World) -> None:
    """At the limit the session goes on, one more ends it. RFC 5321 3.8"""
    world.house.settings = AcceptSettings(recipients_refused_max=3)
    world.say(b"MAIL FROM:<a@example.net>\r\n")
    for number in range(3):
        assert world.say(b"RCPT TO:<guess%d@example.org>\r\n" % number).startswith("550 5.1.1")
    assert not world.core.closing
    assert world.say(b"RCPT TO:<guess@example.org>\r\n").startswith("421 4.7.0")
    assert world.core.closing


def test_a_full_mailbox_does_not_keep_the_letter_from_others(world: World) -> None:
    """It is refused at RCPT when SIZE tells, and the others get the letter."""
    run_now(world.store.commit(SetAccount(1, quota_octets=100)))
    world.say(b"MAIL FROM:<a@example.net> SIZE=500\r\n")
    assert world.say(b"RCPT TO:<ann@example.org>\r\n").startswith("452 4.2.2")
    world.say(b"RCPT TO:<bob@example.org>\r\nDATA\r\n")
    assert world.say(TEXT + b".\r\n").startswith("250")

    assert (len(world.kept(1)), len(world.kept(2))) == (0, 1)
