"""The submission door: who may send what, and what becomes of it."""

import base64
from typing import Any

import pytest
from tests.scram_client import ScramClient
from tests.turn import run_now

from accept_house import END_POINT, TLS, Session, World, play_submission
from posthouse.decide.settings import SubmissionSettings
from posthouse.queue.trace import Station
from posthouse.store.values import BODY_INLINE_OCTETS_MAX, SetAccount
from talk import CUTTERS, Cutter, Talk, all_talks

PLAIN = "AUTH PLAIN " + base64.b64encode(b"\0ann@example.org\0secret").decode()
LETTER = b"From: ann@example.org\r\nSubject: hello\r\n\r\nHello\r\n"


@pytest.mark.parametrize("talk", all_talks("submission"), ids=lambda talk: talk.name)
@pytest.mark.parametrize("cut", CUTTERS, ids=lambda cut: cut.__name__)
def test_talk(talk: Talk, cut: Cutter) -> None:
    """The door says what the transcript says, however the network cuts the octets."""
    assert play_submission(talk, cut) == talk.expected


def logged_in(world: World) -> Session:
    session = world.session(world.submission_door(), tls=TLS)
    assert session.lines("EHLO annspc", PLAIN)[1] == "235 2.7.0 authenticated"
    return session


def sent(text: bytes, *recipients: str, **settings: Any) -> tuple[str, World]:
    """Ann sends a letter; the reply and the world it was sent in."""
    world = World(submission=SubmissionSettings(**settings))
    reply = logged_in(world).letter(
        text, *(recipients or ("bob@example.org",)), sender="ann@example.org"
    )
    return reply, world


def test_a_letter_is_completed_and_delivered() -> None:
    """Date, Message-ID and To are added above, Bcc goes; every other octet is the writer's."""
    reply, world = sent(b"Bcc: eve@example.net,\r\n\tx@example.net\r\n" + LETTER)
    name = reply.split()[-1]

    assert world.inbox(2) == [
        b"Return-Path: <ann@example.org>\r\n"
        b"Received: by mail.example.org (Posthouse) with ESMTPSA"
        b" (TLSv1.3 TLS_AES_128_GCM_SHA256) id " + name.encode() + b"\r\n"
        b"\tfor <bob@example.org>;\r\n\tWed, 18 Nov 2026 11:06:40 +0000\r\n"
        b"Date: Wed, 18 Nov 2026 11:06:40 +0000\r\n"
        b"Message-ID: <" + name.encode() + b"@mail.example.org>\r\n"
        b"To: undisclosed-recipients:;\r\n" + LETTER
    ]
    assert world.count("submissions_accepted_total") == 1


def test_received_tells_the_client_only_where_configured() -> None:
    """Its address and name stand there when the site wants them."""
    _, world = sent(LETTER, client_in_received=True)

    received = (
        b"Received: from annspc ([192.0.2.1])\r\n\tby mail.example.org (Posthouse) with ESMTPSA"
    )
    assert received in world.inbox(2)[0]


def test_what_is_complete_stays_octet_for_octet() -> None:
    """Nothing is folded, ordered or rewritten: signatures stay good."""
    whole = (
        b"DKIM-Signature: v=1; a=rsa-sha256;\r\n\t bh=x;  b=y\r\n"
        b"DATE: Wed, 18 Nov 2026 11:06:40 GMT\r\n"
        b'from:   "Ann  Lee"   <ann@example.org>\r\nTo: x@example.org\r\nmessage-id: <a@b>\r\n'
        b"X-Odd:\t \r\n  a\r\n\r\ntext\r\n\tx \r\n"
    )
    _, world = sent(whole)

    assert world.inbox(2)[0].endswith(b"+0000\r\n" + whole)


@pytest.mark.parametrize("pieces", [1, 3])
def test_a_large_letter_goes_to_a_file(pieces: int) -> None:
    """Its header is completed all the same."""
    text = LETTER + b"and so on and so on\r\n" * (BODY_INLINE_OCTETS_MAX // 20) * pieces
    reply, world = sent(text)

    assert reply.startswith("250")
    assert world.inbox(2)[0].endswith(b"To: undisclosed-recipients:;\r\n" + text)
    assert world.house.flight.octets == 0


def test_a_header_larger_than_a_piece_is_held_until_it_ends() -> None:
    """Many recipients make long headers; room for them is reserved."""
    many = b"To: " + b",\r\n ".join(b"user%d@example.net" % n for n in range(6000)) + b"\r\n"
    reply, world = sent(many + LETTER)

    assert reply.startswith("250")
    assert world.inbox(2)[0].endswith(many + LETTER)
    assert world.house.flight.octets == 0


def test_a_header_without_end_is_refused() -> None:
    """Beyond the limit nothing is held any more."""
    reply, world = sent(b"X: y\r\n" * 70_000)

    assert reply.startswith("550 5.6.0 header: it has at most 262144 octets")
    assert world.house.flight.octets == 0


def test_a_large_letter_with_a_fault_at_its_end_leaves_nothing() -> None:
    """The file is dropped, the room given back."""
    text = LETTER + b"and so on and so on\r\n" * BODY_INLINE_OCTETS_MAX + b"x" * 999 + b"\r\n"
    reply, world = sent(text)

    assert reply.startswith("550 5.6.0 text: a line has at most 998 octets")
    assert world.house.flight.octets == 0
    assert [path for path, _ in world.house.bodies.all()] == []


def test_a_client_that_goes_away_leaves_nothing() -> None:
    """Amid a body that went to a file."""
    world = World()
    session = logged_in(world)
    session.lines("MAIL FROM:<ann@example.org>", "RCPT TO:<bob@example.org>", "DATA")
    session.say(LETTER + b"and so on and so on\r\n" * BODY_INLINE_OCTETS_MAX)
    assert world.house.flight.octets > 0
    session.visit.ended()

    assert world.house.flight.octets == 0
    assert [path for path, _ in world.house.bodies.all()] == []
    assert world.count("submission_sessions") == 0


def test_local_and_outside_recipients_go_in_one_letter() -> None:
    """The queue hears who lives elsewhere and whose letter it is."""
    _, world = sent(LETTER, "eve@example.net", "bob@example.org", "joe@example.com")
    (letter,) = world.intake.letters

    assert [r.address for r in letter.outside] == ["eve@example.net", "joe@example.com"]
    assert [r.address for r in letter.residents] == ["bob@example.org"]
    assert len(letter.envelope.recipients) == 3
    assert letter.owner == 1
    assert len(world.inbox(2)) == 1


def test_a_house_that_sends_nothing_elsewhere_says_so() -> None:
    """Without a queue recipients elsewhere are refused."""
    world = World()
    world.intake.sends_elsewhere = False

    reply = logged_in(world).letter(LETTER, "eve@example.net", sender="ann@example.org")
    assert reply.startswith("550 5.7.1")


def test_the_trace_tells_who_sent_it_and_what_was_done() -> None:
    """Account, fields added, fields removed; never the password."""
    _, world = sent(b"Bcc: x@example.net\r\n" + LETTER)
    (letter,) = world.intake.letters
    accept, inspector = letter.stations[:2]

    assert ("peer", "192.0.2.1") in accept.facts
    assert inspector == Station(
        1_795_000_000_000,
        "decide",
        "inspector",
        (
            ("account", "ann@example.org"),
            ("added", "Date"),
            ("added", "Message-ID"),
            ("added", "To"),
            ("removed", "Bcc"),
        ),
    )
    assert b"secret" not in b"".join(world.lines)


def scram(world: World, client: ScramClient) -> list[str]:
    """Speaks SCRAM as RFC 4954 wants it; every reply."""
    session = world.session(world.submission_door(), tls=TLS)
    session.lines("EHLO annspc")
    replies = session.lines(f"AUTH {client.mechanism} {client.first()}")
    if replies[-1].startswith("334 "):
        replies += session.lines(client.final(replies[-1][4:]))
    if replies[-1].startswith("334 "):
        client.check(replies[-1][4:])
        replies += session.lines("")
    return replies


@pytest.mark.parametrize("end_point", [b"", END_POINT])
def test_scram(end_point: bytes) -> None:
    """With and without binding: the server's own proof comes as a challenge before the yes."""
    replies = scram(World(), ScramClient("ann@example.org", "secret", end_point))

    assert [reply[:4] for reply in replies] == ["334 ", "334 ", "235 "]


def test_scram_bound_to_another_session_fails() -> None:
    """Somebody in between has another certificate, and so another hash."""
    replies = scram(World(), ScramClient("ann@example.org", "secret", b"hash of another one"))

    assert [reply[:4] for reply in replies] == ["334 ", "501 "]


def test_a_wrong_password_by_scram() -> None:
    """Is told only at the end."""
    replies = scram(World(), ScramClient("ann@example.org", "wrong"))

    assert [reply[:4] for reply in replies] == ["334 ", "535 "]


def test_a_disabled_account_cannot_send_its_next_letter_by_name() -> None:
    """Nor log in again: the directory is asked each time."""
    world = World()
    run_now(world.store.commit(SetAccount(1, enabled=False)))
    session = world.session(world.submission_door(), tls=TLS)

    assert session.lines("EHLO annspc", PLAIN)[1].startswith("535")


@pytest.mark.parametrize(
    ("settings", "text", "code"),
    [
        ({}, b"From: bob@example.org\r\nSender: ann@example.org\r\n\r\n", "553"),
        ({"on_behalf": True}, b"From: bob@example.org\r\nSender: ann@example.org\r\n\r\n", "250"),
        ({"on_behalf": True}, b"From: bob@example.org\r\n\r\n", "553"),
        ({"resending": True}, b"Resent-From: ann@example.org\r\nFrom: x@y.example\r\n\r\n", "250"),
        ({"resending": True}, b"Resent-From: bob@example.org\r\nFrom: x@y.example\r\n\r\n", "553"),
        ({}, b"Resent-From: ann@example.org\r\nFrom: x@y.example\r\n\r\n", "553"),
        ({"header_sender": "any"}, b"From: x@y.example\r\n\r\n", "250"),
        ({"header_sender": "domain"}, b"From: bob@example.org\r\n\r\n", "250"),
        ({"header_sender": "own"}, b"From: sales@example.org\r\n\r\n", "553"),
    ],
)
def test_whose_names_are_allowed(settings: dict[str, Any], text: bytes, code: str) -> None:
    """As the site configures it."""
    assert sent(text, **settings)[0].startswith(code)


class Dns:
    """Says for each domain what it is told to."""

    def __init__(self, **answers: bool | None) -> None:
        self.answers = answers

    async def takes_mail(self, domain: str) -> bool | None:
        return self.answers[domain.split(".")[0]]


@pytest.mark.parametrize(
    ("answer", "reply"),
    [(True, "250 2.1.5"), (False, "550 5.1.2 RCPT TO: a domain that takes"), (None, "450 4.4.3")],
)
def test_domains_are_looked_up_where_configured(answer: bool | None, reply: str) -> None:
    """A domain that takes no mail is told at RCPT; a silent DNS is no verdict."""
    world = World(submission=SubmissionSettings(resolvable="all"), lookup=Dns(there=answer))
    session = logged_in(world)

    assert session.lines("MAIL FROM:<ann@example.org>", "RCPT TO:<x@there.example>")[1].startswith(
        reply
    )
