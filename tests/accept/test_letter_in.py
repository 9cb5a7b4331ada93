"""A letter on its way in, whatever the door."""

import errno
from pathlib import Path
from typing import Any

import pytest

from accept_house import HOSTNAME, Session, World
from posthouse.accept.settings import AcceptSettings
from posthouse.accept.smtp import SmtpDoor
from posthouse.decide.relay import RelayRule, RelayRuleSettings
from posthouse.store.values import BODY_INLINE_OCTETS_MAX
from posthouse.wire.smtp.service import SmtpService

LETTER = b"Subject: hello\r\n\r\nHello\r\n"
LARGE = LETTER + b"and so on and so on\r\n" * BODY_INLINE_OCTETS_MAX


def begun(world: World) -> Session:
    session = world.session(world.smtp_door())
    session.lines("EHLO mx")
    return session


def files(world: World) -> list[Path]:
    return [path for path, _ in world.house.bodies.all()]


def test_a_large_letter_is_a_file() -> None:
    """Its octets are the same for the reader."""
    world = World()
    assert begun(world).letter(LARGE, "ann@example.org").startswith("250")

    assert len(files(world)) == 1
    assert world.inbox(1)[0].endswith(b"+0000\r\n" + LARGE)
    assert world.house.flight.octets == 0


@pytest.mark.parametrize("text", [LETTER, LARGE])
def test_a_letter_in_a_circle(text: bytes) -> None:
    """Too many Received fields, whatever its size; nothing stays. RFC 5321 6.3"""
    world = World(accept=AcceptSettings(hops_max=3))
    hops = b"Received: by x; now\r\n"
    session = begun(world)

    assert session.letter(hops * 2 + text, "ann@example.org").startswith("250")
    kept = files(world)
    assert session.letter(hops * 3 + text, "ann@example.org").startswith("554 5.4.6")
    assert files(world) == kept
    assert world.house.flight.octets == 0


@pytest.mark.parametrize("text", [LETTER, LARGE])
def test_what_nobody_here_reads_is_not_rendered(text: bytes) -> None:
    """A letter for elsewhere alone is passed on with its Message-ID, and no more is made of it."""
    world = World()
    service = SmtpService(HOSTNAME, limits=world.limits)
    rule = RelayRule(RelayRuleSettings(domains=("example.net",)))
    session = world.session(SmtpDoor(world.house, service, relay=rule))
    session.lines("EHLO mx")
    text = b"Message-ID: <one@example.com>\r\n" + text
    assert session.letter(text, "bob@example.net").startswith("250")
    assert session.letter(text, "bob@example.net", "ann@example.org").startswith("250")

    passed_on, both = world.intake.letters
    assert passed_on.rendered is None
    assert both.rendered is not None
    assert passed_on.message_id == both.message_id == "one@example.com"


@pytest.mark.parametrize("at", ["start", "write", "finish"])
def test_a_full_disk(at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The peer comes again later; nothing stays."""
    world = World()

    def full(*_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    from posthouse.store.bodies_file import BodyFiles, BodyWriter

    session = begun(world)
    owner = BodyFiles if at == "start" else BodyWriter
    monkeypatch.setattr(owner, at, full)
    assert session.letter(LARGE, "ann@example.org").startswith("452 4.3.1")
    monkeypatch.undo()

    assert files(world) == []
    assert world.house.flight.octets == 0
    assert session.letter(LARGE, "ann@example.org").startswith("250")


def test_reset_amid_a_letter_by_chunks() -> None:
    """Pieces that went to a file are dropped. RFC 3030 2"""
    world = World()
    session = begun(world)
    session.lines("MAIL FROM:<>", "RCPT TO:<ann@example.org>")
    session.say(b"BDAT %d\r\n" % len(LARGE) + LARGE)
    assert len(files(world)) == 1
    assert session.lines("RSET") == ["250 2.0.0 reset"]

    assert files(world) == []
    assert world.house.flight.octets == 0


def test_each_letter_has_its_own_id() -> None:
    """Two letters of one session are two letters."""
    world = World()
    session = begun(world)
    names = {session.letter(LETTER, "ann@example.org").split()[-1] for _ in range(3)}

    assert len(names) == 3
    assert len(world.inbox(1)) == 3


def test_the_trace_names_some_recipients_only() -> None:
    """A letter for many has a short line."""
    world = World()
    names = [f"ann+{n}@example.org" for n in range(30)]
    begun(world).letter(LETTER, *names)
    (letter,) = world.intake.letters
    facts = letter.stations[0].facts

    assert sum(key == "recipient" for key, _ in facts) == 20
    assert ("helo", "mx") in facts
