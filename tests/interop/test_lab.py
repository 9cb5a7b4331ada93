"""A small Internet: three houses and a Postfix that find each other by the DNS alone.

Each letter ends as the RFCs say: in the mailbox, seen by IMAP, or in one report; and then no queue
holds it any more. RFC 5321, 3461, 3464
"""

import re
from collections.abc import Iterator

import pytest

from outside.lab import LETTER_OCTETS_MAX, Lab, address
from outside.server import eventually


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """All four, started once."""
    with Lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


def hops(letter: bytes) -> list[bytes]:
    """Who took it, the last one first."""
    head = letter.partition(b"\r\n\r\n")[0]
    return re.findall(rb"(?m)^Received:(?:[^\r]|\r\n[ \t])*?\bby (\S+)", head)


def test_plain_relay(lab: Lab) -> None:
    """From each to each by MX, over TLS between the houses."""
    to_b, to_p = lab.a.submit("ann", "ben@b.example"), lab.b.submit("ben", "pia@p.example")

    letter = lab.b.letter("ben", to_b)
    assert hops(letter) == [b"mx.b.example", b"mx.a.example"]
    assert b"with ESMTPS" in letter
    assert b"Return-Path: <ann@a.example>" in letter
    eventually(lambda: lab.at_postfix(to_p), what="the letter at Postfix")
    lab.rest()


def test_postfix_relays_to_us(lab: Lab) -> None:
    """Postfix finds us by our MX too."""
    lab.p.run("sendmail", "-f", "pia@p.example", "ben@b.example", said=b"Subject: tok1\n\nHello\n")

    assert b"mx.p.example" in lab.b.letter("ben", "tok1")
    lab.rest()


def test_smart_host(lab: Lab) -> None:
    """All mail of c.example goes by a.example, with log-in and TLS, wherever it goes then."""
    token = lab.c.submit("cleo", "ben@b.example", "pia@p.example")

    letter = lab.b.letter("ben", token)
    assert hops(letter) == [b"mx.b.example", b"mx.a.example", b"mx.c.example"]
    assert b"with ESMTPSA" in letter
    eventually(lambda: lab.at_postfix(token), what="the letter at Postfix")
    lab.rest()


def test_unknown_user(lab: Lab) -> None:
    """The host of the recipient refuses, the sender's own host reports, once, and names both."""
    for name, known in (("b", "ben"), ("p", "pia")):
        token = lab.a.submit("ann", f"ghost@{name}.example", f"{known}@{name}.example")
        report = lab.a.letter("ann", token)
        assert b"Return-Path: <>" in report
        failed = f"Final-Recipient: rfc822; ghost@{name}.example\r\nAction: failed"
        assert failed.encode() in report
        assert b"Status: 5.1.1" in report
        assert f"Remote-MTA: dns; mx.{name}.example[{address(name)}]".encode() in report
        if name == "b":
            lab.b.letter("ben", token)
        else:
            eventually(lambda token=token: lab.at_postfix(token), what="the letter at Postfix")
    lab.rest()


def test_unknown_user_behind_the_smart_host(lab: Lab) -> None:
    """Then the smart host reports, and its report finds the way back by MX."""
    token = lab.c.submit("cleo", "ghost@b.example")

    report = lab.c.letter("cleo", token)
    assert b"Reporting-MTA: dns; mx.a.example" in report
    assert b"Status: 5.1.1" in report
    lab.rest()


def test_backup_mx(lab: Lab) -> None:
    """While the best MX is down the next one takes its letters, keeps them, and hands them on when
    it is back: to it alone, never to itself."""
    lab.b.stop()
    token = lab.c.submit("cleo", "ben@b.example")
    row = lab.a.waiting("ben@b.example")
    assert row["destination"] == "b.example"
    from_postfix = b"Subject: tok2\n\nHello\n"
    lab.p.run("sendmail", "-f", "pia@p.example", "ben@b.example", said=from_postfix)
    eventually(lambda: len(lab.a.queue()) == 2, what="both letters at the backup")
    assert not lab.p.queue()
    lab.b.start()

    assert hops(lab.b.letter("ben", token))[:2] == [b"mx.b.example", b"mx.a.example"]
    letter = lab.b.letter("ben", "tok2")
    assert hops(letter)[:2] == [b"mx.b.example", b"mx.a.example"]
    lab.rest()


def test_a_host_is_down_and_comes_back(lab: Lab) -> None:
    """Its letters wait, with what was heard, and come once when it is back; nobody is told."""
    lab.c.stop()
    tokens = [lab.a.submit("ann", "cleo@c.example") for _ in range(3)]
    row = eventually(
        lambda: row if (row := lab.a.waiting("cleo@c.example"))["answer"] else None,
        what="an attempt",
    )
    assert "mx.c.example" in row["answer"]
    assert row["attempts"] >= 1
    assert {letter["id"] for letter in lab.a.queue()} != set()
    lab.c.start()

    for token in tokens:
        lab.c.letter("cleo", token)
        assert not lab.a.letters("ann", token)
    lab.rest()


def test_the_dead_do_not_delay_the_living(lab: Lab) -> None:
    """Letters for a destination where nobody answers wait for themselves."""
    for number in range(5):
        lab.a.submit("ann", f"r{number}@dead.example")
    token = lab.a.submit("ann", "ben@b.example", "r9@dead.example")

    lab.b.letter("ben", token)
    waiting = [row for letter in lab.a.queue() for row in letter["recipients"]]
    assert {row["destination"] for row in waiting} == {"dead.example"}
    assert len(waiting) == 6
    ids = [letter["id"] for letter in lab.a.queue()]
    lab.a.run("queue", "drop", *ids)
    lab.rest()


@pytest.mark.parametrize("through", ["b.example", "p.example"])
def test_a_forwarding_loop(lab: Lab, through: str) -> None:
    """Two aliases that lead to each other: the Received fields end it, and its sender is told once.
    RFC 5321 6.3"""
    lab.a.run("alias", "add", "round@a.example", f"round@{through}")
    if through == "b.example":
        lab.b.run("alias", "add", "round@b.example", "round@a.example")
    try:
        token = lab.c.submit("cleo", "round@a.example")
        report = lab.c.letter("cleo", token)
        assert b"Action: failed" in report
        assert b"5.4.6" in report
        lab.rest()
        assert len(lab.c.letters("cleo", token)) == 1
    finally:
        lab.a.run("alias", "remove", "round@a.example")


def test_an_alias_to_three_hosts(lab: Lab) -> None:
    """Who writes to it writes to all, and each has one letter, with the sender as he was."""
    there = ("ben@b.example", "cleo@c.example", "pia@p.example")
    lab.a.run("alias", "add", "all@a.example", "ann@a.example", *there)
    token = lab.b.submit("ben", "all@a.example")

    for letter in (
        lab.a.letter("ann", token),
        lab.b.letter("ben", token),
        lab.c.letter("cleo", token),
    ):
        assert b"Return-Path: <ben@b.example>" in letter
    eventually(lambda: lab.at_postfix(token), what="the letter at Postfix")
    assert len(lab.at_postfix(token)) == 1
    lab.rest()


@pytest.mark.parametrize("recipient", ["ben@b.example", "pia@p.example"])
def test_an_oversized_letter(lab: Lab, recipient: str) -> None:
    """Who says by SIZE that it is too large does not get it, and the sender is told. RFC 1870"""
    token = lab.a.submit("ann", recipient, octets=2 * LETTER_OCTETS_MAX)

    report = lab.a.letter("ann", token)
    assert b"Action: failed" in report
    assert b"Status: 5.3.4" in report
    assert len(report) < LETTER_OCTETS_MAX
    assert token not in lab.b.log_text()
    lab.rest()


def test_everybody_was_found_by_the_dns(lab: Lab) -> None:
    """MX records were asked for, by the houses and by Postfix, and nobody listens elsewhere."""
    lab.a.letter("ann", lab.b.submit("ben", "ann@a.example"))
    assert ("a.example", "MX") in lab.dns.asked
    assert lab.dns.address == f"{address('dns')}:53"
