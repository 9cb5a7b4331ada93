"""Who is told, and how the report goes."""

from collections.abc import Iterator

import pytest
from tests.letters import RECEIVED, letter
from tests.queue_rows import queued

from posthouse.deliver.bounce import WHOLE_OCTETS_MAX
from posthouse.queue.letter import Incoming
from posthouse.queue.settle import Action, Told
from posthouse.store.values_queue import QueueEnvelope, QueueLetter
from posthouse.wire.smtp.outgoing import UTF8_REFUSED
from posthouse.wire.smtp.remote_replies import RemoteReply
from queue_world import NO, QueueWorld


def compose(
    world: QueueWorld, *actions: Action, sender: str = "ann@example.org", size: int = 0,
    returns: str = "", reply: RemoteReply = NO,
) -> list[Incoming]:  # fmt: skip
    made = letter(size=size)
    envelope = QueueEnvelope(envelope_id="Q+2B", returns=returns)
    addresses = [f"r{n}@example.net" for n in range(len(actions))]
    world.run(world.store.commit(queued(*addresses, made=made, sender=sender, envelope=envelope)))
    found: QueueLetter = world.run(world.store.queue_letter(made.body.id))
    told = [Told(row, action, reply, "mx") for row, action in zip(found.recipients, actions)]  # noqa: B905
    reports: list[Incoming] = world.run(world.runner._house.reporter.compose(found, told))
    return reports


@pytest.fixture
def world() -> Iterator[QueueWorld]:
    world = QueueWorld()
    yield world
    world.close()


def octets_of(report: Incoming) -> bytes:
    assert report.body.octets is not None
    return report.body.octets


def test_for_somebody_here(world: QueueWorld) -> None:
    """The null sender, his mailbox, and a letter that IMAP can show."""
    (report,) = compose(world, Action.FAILED)

    assert report.envelope.sender == ""
    assert report.residents[0].accounts == (1,)
    assert report.outside == ()
    assert report.rendered is not None
    assert report.rendered.subject == "Your letter could not be delivered"
    assert octets_of(report).startswith(b"Return-Path: <>\r\nReceived: by mail.example.org ")
    assert b"Original-Envelope-Id: Q+\r\n" in octets_of(report)
    assert report.received >= RECEIVED


def test_for_somebody_elsewhere(world: QueueWorld) -> None:
    """A letter of the queue that asks for no report. RFC 3461 6.2"""
    (report,) = compose(world, Action.FAILED, sender="sam@elsewhere.example")

    assert report.residents == ()
    (to,) = report.outside
    assert (to.address, to.notify) == ("sam@elsewhere.example", ("NEVER",))


def test_for_nobody_here(world: QueueWorld) -> None:
    """A sender that does not live here any more gets none."""
    assert compose(world, Action.FAILED, sender="gone@example.org") == []


def test_what_we_found_ourselves_is_nobodys_answer(world: QueueWorld) -> None:
    """A letter that was never offered: no host reported it, none said a code. RFC 3464 2.3.5, 6"""
    (report,) = compose(world, Action.FAILED, reply=UTF8_REFUSED)

    octets = octets_of(report)
    assert b"Status: 5.6.7\r\n" in octets
    assert b"Remote-MTA" not in octets
    assert b"Diagnostic-Code" not in octets
    assert b" said: " not in octets
    assert b"needs SMTPUTF8, which the next host does not offer (mx)" in octets


def test_each_kind_of_news_is_a_report(world: QueueWorld) -> None:
    """Failures and delays do not stand in one letter."""
    reports = compose(world, Action.DELAYED, Action.FAILED, Action.FAILED, Action.RELAYED)

    assert [octets_of(report).count(b"\r\nAction: ") for report in reports] == [2, 1, 1]


@pytest.mark.parametrize(
    ("returns", "size", "is_whole"),
    [("", 0, False), ("HDRS", 0, False), ("FULL", 0, True), ("FULL", WHOLE_OCTETS_MAX + 1, False)],
)
def test_what_comes_back(world: QueueWorld, returns: str, size: int, is_whole: bool) -> None:
    """The header, or all of it when it was asked for and is not large. RFC 3461 4.3"""
    (report,) = compose(world, Action.FAILED, returns=returns, size=size)

    assert (b"Good day." in octets_of(report)) is is_whole
    assert b"\r\nFrom: ann@example.org\r\n" in octets_of(report)
    (delay,) = compose(world, Action.DELAYED, returns=returns, size=size)
    assert b"Good day." not in octets_of(delay)


def test_a_letter_whose_text_is_lost(world: QueueWorld) -> None:
    """The sender is told all the same."""
    enqueued = queued(keeps_body=False)
    world.run(world.store.commit(enqueued))
    found = world.run(world.store.queue_letter(enqueued.letter))
    told = [Told(found.recipients[0], Action.FAILED, RemoteReply(554, "", "x"))]
    (report,) = world.run(world.runner._house.reporter.compose(found, told))

    assert b"Status: 5.0.0" in octets_of(report)
