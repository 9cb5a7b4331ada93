"""The server core as its driver sees it."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.wire.smtp.limits import SmtpLimits
from posthouse.wire.smtp.questions import (
    BodyAborted,
    BodyComplete,
    BodyPiece,
    BodyStarts,
    Greeting,
    RecipientOffered,
    SenderOffered,
)
from posthouse.wire.smtp.replies import Reply
from posthouse.wire.smtp.server import SmtpServer
from posthouse.wire.smtp.service import SmtpService
from smtp_talk import play_smtp
from talk import CUTTERS, Cutter, Talk, all_talks

SERVICE = SmtpService(
    "post.example",
    limits=SmtpLimits(
        body_memory_octets_max=1024, input_octets_max=4096, letter_octets_max=20_000, errors_max=500
    ),
)


def greeted(service: SmtpService = SERVICE) -> SmtpServer:
    """A session behind its greeting."""
    core = SmtpServer(service)
    assert core.next_question() == Greeting()
    core.answer(None)
    core.take_output()
    return core


def told(core: SmtpServer, octets: bytes) -> bytes:
    """What the core says to these octets when the house says yes to all."""
    core.receive(octets)
    while core.next_question() is not None:
        core.answer(None)
    return core.take_output()


def in_body(service: SmtpService = SERVICE) -> SmtpServer:
    """A session behind 354."""
    core = greeted(service)
    told(core, b"HELO x\r\nMAIL FROM:<ann@example.org>\r\nRCPT TO:<bob@example.net>\r\n")
    assert told(core, b"DATA\r\n").startswith(b"354 ")
    return core


@pytest.mark.parametrize("talk", all_talks("smtp", "server_*"), ids=lambda talk: talk.name)
@pytest.mark.parametrize("cut", CUTTERS, ids=lambda cut: cut.__name__)
def test_talk(talk: Talk, cut: Cutter) -> None:
    """The server says what the transcript says, however the network cuts the octets."""
    assert play_smtp(talk, cut) == talk.expected


def test_every_transcript_has_its_test() -> None:
    """A transcript is played by the test of the file that its name begins with."""
    homes = {"auth", "body", "hello", "parameters", "server", "transaction"}
    assert {talk.name.split("_")[0] for talk in all_talks("smtp")} == homes


def test_one_question_is_open_at_a_time() -> None:
    """While a question is open octets are kept and nothing else is asked."""
    core = greeted()
    core.receive(b"HELO x\r\nMAIL FROM:<ann@example.org>\r\n")
    assert type(core.next_question()) is SenderOffered
    core.receive(b"RCPT TO:<bob@example.net>\r\n")
    assert core.next_question() is None
    assert core.take_output() == b"250 post.example\r\n"
    core.answer(None)
    assert type(core.next_question()) is RecipientOffered


def test_nothing_is_asked_before_the_greeting_is_answered() -> None:
    """The greeting is the first question, and commands wait for its answer."""
    core = SmtpServer(SERVICE)
    assert type(core.next_question()) is Greeting
    assert core.next_question() is None
    assert core.take_output() == b""


def test_early_talk_is_a_fact() -> None:
    """Octets before the greeting was taken make an early talker; later ones do not."""
    early, late = SmtpServer(SERVICE), greeted()
    early.receive(b"")
    assert not early.early_talker
    early.receive(b"H")
    late.receive(b"H")
    assert early.early_talker
    assert not late.early_talker


def test_input_stops_at_its_limit_only_while_a_question_is_open() -> None:
    """`wants_input` turns False when an unanswered question has the limit of octets behind it."""
    core = greeted()
    core.receive(b"HELO x\r\nMAIL FROM:<ann@example.org>\r\n")
    core.next_question()
    core.receive(b"x" * (4095 - len(core.input)))
    assert core.wants_input
    core.receive(b"x")
    assert not core.wants_input
    core.answer(None)
    assert core.wants_input


def test_answers_are_for_open_questions() -> None:
    """An answer without a question is a fault of the house."""
    with pytest.raises(AssertionError):
        greeted().answer(None)


def test_tls_stands_only_after_its_go_ahead() -> None:
    """A driver that claims TLS without STARTTLS is at fault."""
    with pytest.raises(AssertionError):
        greeted().tls_stands()


def test_starttls_waits_for_the_driver() -> None:
    """From the go-ahead to `tls_stands` nothing is read and nothing asked; then all is new."""
    core = greeted(SmtpService("post.example", tls_offered=True))
    told(core, b"EHLO x\r\n")
    core.receive(b"STARTTLS\r\nMAIL FROM:<eve@example.org>\r\n")
    assert core.next_question() is None
    assert core.starting_tls
    assert not core.closing
    assert core.take_output().startswith(b"220 ")
    core.receive(b"NOOP\r\n")
    assert core.next_question() is None
    core.tls_stands()
    assert (core.starting_tls, core.has_tls, core.hello) == (False, True, "")
    assert told(core, b"NOOP\r\n") == b"250 2.0.0 ok\r\n"


def test_after_the_end_nothing_is_heard() -> None:
    """Octets behind QUIT are neither kept nor obeyed."""
    core = greeted()
    assert told(core, b"QUIT\r\nNOOP\r\n").startswith(b"221 ")
    assert core.closing
    assert told(core, b"NOOP\r\n") == b""
    assert core.input == b""


def test_time_does_not_run_out_while_the_house_thinks() -> None:
    """An open question is the house's slowness, so the client is not told off."""
    core = greeted()
    core.receive(b"HELO x\r\nMAIL FROM:<ann@example.org>\r\n")
    core.next_question()
    core.timed_out()
    assert not core.closing


def test_draining_waits_for_the_answer() -> None:
    """A letter whose promise is being made gets its 250 before the 421. RFC 5321 4.2.5"""
    core = in_body()
    core.receive(b"text\r\n.\r\nNOOP\r\n")
    assert type(core.next_question()) is BodyComplete
    core.take_output()
    core.shut_down()
    assert not core.closing
    core.answer(None)
    assert core.closing
    assert core.take_output() == b"250 2.0.0 accepted\r\n421 4.3.2 shutting down, come again\r\n"
    assert core.next_question() is None


def test_a_lost_connection_drops_the_pieces() -> None:
    """Pieces that were handed out are to be dropped when the letter never ends, and only then."""
    core = in_body()
    core.receive(b"0123456789\r\n" * 200)
    assert type(core.next_question()) is BodyPiece
    assert core.connection_lost() == BodyAborted()
    assert core.connection_lost() is None
    assert greeted().connection_lost() is None
    core = in_body()
    core.receive(b"0123456789\r\n" * 20)
    assert core.next_question() is None
    assert core.connection_lost() is None


def test_a_letter_that_fails_late_is_dropped_at_once() -> None:
    """The house need not keep pieces of a letter that has failed until its end. RFC 5321 2.3.8"""
    core = in_body()
    assert told(core, b"0123456789\r\n" * 200) == b""
    core.receive(b"\n" + b"0123456789\r\n" * 200)
    assert core.next_question() == BodyAborted()
    core.answer(None)
    assert core.next_question() is None
    assert told(core, b".\r\n").startswith(b"550 5.6.0 ")


def test_a_connection_lost_behind_the_letter_drops_nothing() -> None:
    """When the end of the letter has been asked the house decides alone."""
    core = in_body()
    core.receive(b"0123456789\r\n" * 200 + b".\r\n")
    assert type(core.next_question()) is BodyPiece
    core.answer(None)
    assert type(core.next_question()) is BodyComplete
    assert core.connection_lost() is None
    core.answer(None)
    assert core.next_question() is None


def test_a_lost_connection_asks_what_was_due() -> None:
    """A timeout in a large letter owes the house a BodyAborted; whoever comes first gets it."""
    core = in_body()
    core.receive(b"0123456789\r\n" * 200)
    core.next_question()
    core.answer(None)
    core.timed_out()
    assert core.connection_lost() == BodyAborted()
    assert core.next_question() is None


def test_idle_sessions_keep_no_octets() -> None:
    """Between commands the input is empty."""
    core = greeted()
    told(core, b"HELO x\r\n")
    assert core.input == b""
    assert core.at == 0
    told(core, b"NO")
    assert core.input == b"NO"


@pytest.mark.parametrize(
    "start",
    [b"", b"NOOP a\n", b"AUTH ", b"HELO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n\n"],
    ids=["line", "bare", "auth", "failed_body"],
)
def test_memory_is_flat_however_long_a_line_is(start: bytes) -> None:
    """An endless line, whole or behind a fault, holds less than its limit in memory."""
    core = greeted(SmtpService("post.example", limits=SmtpLimits(), auth_mechanisms=("PLAIN",)))
    told(core, start)
    for _ in range(1000):
        told(core, b"a" * 50_000)
        assert len(core.input) < 70_000
        assert len(core.held) < 70_000


def test_memory_is_flat_however_large_a_chunk_is() -> None:
    """A chunk leaves in pieces, none much beyond the limit."""
    core = greeted(SmtpService("post.example"))
    told(
        core,
        b"HELO x\r\nMAIL FROM:<a@b> BODY=BINARYMIME\r\nRCPT TO:<c@d>\r\nBDAT 50000000 LAST\r\n",
    )
    octets = 0
    for _ in range(1000):
        core.receive(b"a" * 50_000)
        while (question := core.next_question()) is not None:
            core.answer(None)
            octets += len(question.data) if isinstance(question, BodyPiece | BodyComplete) else 0
            assert len(core.input) + len(core.held) <= 65_536 + 50_000
    assert octets == 50_000_000
    assert core.take_output().endswith(b"250 2.0.0 accepted\r\n")


@pytest.mark.parametrize("octets", [1000, 1024, 1025, 1026, 1030, 5000])
def test_pieces_and_rest_are_the_letter(octets: int) -> None:
    """However large and however cut, pieces and rest together are what was sent; none is large."""
    body = (b"01234567\r\n" * (octets // 10 + 1))[: octets - 2] + b"\r\n"
    body = body.replace(b"\r\r\n", b".\r\n")
    for step in (1, 3, 7, 100, 1025, 10_000):
        core = in_body()
        sent = body + b".\r\n"
        got = b""
        for at in range(0, len(sent), step):
            core.receive(sent[at : at + step])
            while (question := core.next_question()) is not None:
                assert isinstance(question, BodyPiece | BodyComplete)
                assert isinstance(question, BodyPiece) or len(question.data) <= 1026
                got += question.data
                core.answer(None)
        assert got == body
        assert core.take_output() == b"250 2.0.0 accepted\r\n"


REPLY = rb"(?:[2-5][0-9]{2}-[ -~]*\r\n)*[2-5][0-9]{2} [ -~]*\r\n"
WORDS = [
    b"\r\n", b"\r", b"\n", b".", b"\r\n.\r\n", b" ", b"\x00", b"\xff", b"EHLO x", b"HELO x",
    b"RSET", b"MAIL FROM:<a@b>", b" SIZE=5", b" SMTPUTF8", b" BODY=BINARYMIME",
    b"RCPT TO:<c@d>", b"DATA", b"BDAT 5", b"BDAT 0 LAST", b" LAST", b"NOOP",
    b"QUIT", b"STARTTLS", b"AUTH PLAIN", b"=", b"*", b"a" * 600, b"0123456789\r\n" * 100, b"<>",
    b"VRFY", b"HELP", b"EXPN", b"LHLO x", b"GET /",
]  # fmt: skip
SAID = [
    None,
    None,
    None,
    Reply(452, "4.3.1", "no\nroom"),
    Reply(550, "5.7.1", "no"),
    Reply(421, "", ""),
]


@settings(deadline=None)  # a busy machine is no fault
@given(
    parts=st.lists(st.sampled_from(WORDS) | st.binary(max_size=40), max_size=60),
    said=st.lists(st.sampled_from(SAID), min_size=1, max_size=8),
    is_lmtp=st.booleans(),
)
def test_any_octets_get_well_formed_replies(
    parts: list[bytes], said: list[Reply | None], is_lmtp: bool
) -> None:
    """Whatever comes, the core does not fail, and all it says is whole replies."""
    service = SmtpService(
        "post.example", limits=SERVICE.limits, is_lmtp=is_lmtp, tls_offered=True,
        auth_mechanisms=("PLAIN",), plaintext_auth_allowed=True,
    )  # fmt: skip
    core = greeted(service)
    output = b""
    handed_out = False
    for number, part in enumerate(parts):
        core.receive(part)
        while (question := core.next_question()) is not None:
            if isinstance(question, BodyAborted):
                assert handed_out
            answer = said[number % len(said)]
            core.answer(None if isinstance(question, BodyAborted) else answer)
            if isinstance(question, BodyPiece):
                handed_out = answer is None
            elif not isinstance(question, BodyStarts):
                handed_out = False
        output += core.take_output()
        if core.starting_tls:
            core.tls_stands()
    assert re.fullmatch(b"(?:" + REPLY + b")*", output), output
    assert (core.connection_lost() is not None) == handed_out


@settings(deadline=None)  # a busy machine is no fault
@given(st.lists(st.sampled_from(WORDS) | st.binary(max_size=40), max_size=40))
def test_cuts_do_not_matter(parts: list[bytes]) -> None:
    """The same octets get the same answers, whole or cut."""
    octets = b"HELO x\r\n" + b"".join(parts)
    whole, cut = greeted(), greeted()
    expected = told(whole, octets)
    got = b"".join(told(cut, octets[at : at + 1]) for at in range(len(octets)))
    assert got == expected
    assert (cut.closing, cut.phase, cut.sender, cut.recipients, cut.errors) == (
        (whole.closing, whole.phase, whole.sender, whole.recipients, whole.errors)
    )


def test_how_long_a_client_may_be_silent() -> None:
    """Five minutes. RFC 5321 4.5.3.2.7"""
    assert greeted().idle_seconds == 300
