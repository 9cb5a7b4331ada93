"""The SMTP door: letters of other hosts, for people who live here."""

import gc
from typing import cast

import pytest
from tests.turn import run_now

from accept_house import TLS, World, wire
from posthouse.net.connection import Connection
from posthouse.store.values import SetAccount

LETTER = b"Subject: hello\r\n\r\nHello\r\n"


def test_a_letter_is_delivered() -> None:
    """With our trace fields before it, and not an octet else changed. RFC 5321 4.4"""
    world = World()
    session = world.session(world.smtp_door(), tls=TLS)
    session.lines("EHLO mx.example.net")
    reply = session.letter(LETTER, "ann+x@example.org")
    name = reply.split()[-1].encode()

    assert reply.startswith("250 2.0.0 accepted as ")
    assert world.inbox(1) == [
        b"Return-Path: <x@outside.example>\r\n"
        b"Received: from mx.example.net ([192.0.2.1])\r\n"
        b"\tby mail.example.org (Posthouse) with ESMTPS (TLSv1.3 TLS_AES_128_GCM_SHA256) id " + name
        + b"\r\n\tfor <ann+x@example.org>;\r\n\tWed, 18 Nov 2026 11:06:40 +0000\r\n" + LETTER
    ]  # fmt: skip
    assert world.count("letters_accepted_total") == 1
    assert any(b"smtp.accepted" in line for line in world.lines)


def test_helo_only() -> None:
    """qmail and old sendmails say HELO: no more is promised in Received."""
    world = World()
    session = world.session(world.smtp_door())
    session.lines("HELO mx")
    session.letter(LETTER, "ann@example.org", "bob@example.org")

    assert b" with SMTP id " in world.inbox(1)[0]
    assert b"for <" not in world.inbox(1)[0]


@pytest.mark.parametrize(
    ("address", "reply"),
    [
        ("nobody@example.org", "550 5.1.1"),
        ("eve@elsewhere.example", "550 5.7.1"),
        ("bob@example.org", "550 5.2.1"),
        ("Postmaster", "250 2.1.5"),
        ("sales@example.org", "250 2.1.5"),
    ],
)
def test_recipients(address: str, reply: str) -> None:
    """Who does not live here is refused at once and counted."""
    world = World()
    run_now(world.store.commit(SetAccount(2, enabled=False)))
    session = world.session(world.smtp_door())
    session.lines("EHLO mx", "MAIL FROM:<>")

    assert session.lines(f"RCPT TO:<{address}>")[0].startswith(reply)
    assert world.count("recipients_refused_total") == reply.startswith("550")


def test_a_refused_letter_leaves_the_session() -> None:
    """A full mailbox is told after the dot; the next letter begins anew."""
    world = World()
    run_now(world.store.commit(SetAccount(1, quota_octets=1)))
    session = world.session(world.smtp_door())
    session.lines("EHLO mx")

    assert session.letter(LETTER, "ann@example.org").startswith("452 4.2.2")
    assert session.letter(LETTER, "bob@example.org").startswith("250")
    assert world.count("letters_refused_total") == 1
    assert world.house.flight.octets == 0


def test_a_session_is_gone_with_its_connection() -> None:
    """No ring of references keeps it until the collector comes."""
    world = World()
    core, visit = world.smtp_door().open(cast(Connection, wire()))
    letter = visit._letter

    assert [o for o in gc.get_referents(letter) if o is visit] == []
    assert [o for o in gc.get_referents(letter._head) if o is visit] == []
    visit.ended()
    assert world.count("smtp_sessions") == 0
    assert core.letters == 0
