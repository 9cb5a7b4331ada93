"""State and ends of commands, apart from what the transcripts say."""

import pytest

from imap_talk import server_of
from posthouse.wire.imap.answers import Bad, Challenge, No, Ok
from posthouse.wire.imap.commands import AppendAborted, AppendPiece, Noop


def ask(text: bytes, **settings: str) -> tuple:
    """A session that was told something, and its first question."""
    core = server_of({"state": "selected", **settings})
    core.receive(text)
    return core, core.next_question()


def test_one_question_at_a_time() -> None:
    """While a question is open nothing else is asked, and input beyond a limit is not wanted."""
    core, question = ask(b"a NOOP\r\nb NOOP\r\n")

    assert question == Noop()
    assert core.tag == b"a"
    assert core.next_question() is None
    assert core.wants_input
    core.receive(b"c NOOP\r\n" * 8192)
    assert not core.wants_input
    core.answer(Ok("done"))
    assert core.wants_input
    assert core.next_question() == Noop()
    assert core.tag == b"b"


def test_shut_down_waits_for_the_answer() -> None:
    """A server that stops lets the open question be answered first."""
    core, _ = ask(b"a NOOP\r\nb NOOP\r\n")
    core.shut_down()
    assert not core.closing
    core.answer(Ok("done"))

    assert core.take_output().startswith(b"a OK done\r\n* BYE [UNAVAILABLE] ")
    assert core.closing
    assert core.next_question() is None
    core.receive(b"c NOOP\r\n")
    core.bye("twice")
    assert core.take_output() == b""


def test_output_in_order() -> None:
    """What the station says goes out in its order, before the result."""
    core, _ = ask(b"a NOOP\r\n")
    core.untagged(b"* 1 FETCH (BODY[] {2}\r\n")
    core.raw(b"ab")
    core.untagged(b")\r\n")
    assert core.output_octets == 28
    core.answer(No("no", b"X"))

    assert core.take_output() == b"* 1 FETCH (BODY[] {2}\r\nab)\r\na NO [X] no\r\n"
    assert core.take_output() == b""


def test_bye_with_code() -> None:
    """The station may end the session, with a code."""
    core, _ = ask(b"")
    core.bye("Too many sessions", b"LIMIT")

    assert core.take_output() == b"* BYE [LIMIT] Too many sessions\r\n"


def test_hang_up() -> None:
    """When the connection dies, the station hears of pieces that belong to nothing."""
    core, _ = ask(b"a APPEND x {2000+}\r\n" + b"x" * 2000, **{"limits.held_octets_max": "1024"})
    assert core.hang_up() is None

    core, _ = ask(b"a APPEND x {2000+}\r\n" + b"x" * 2000, **{"limits.held_octets_max": "1024"})
    core.answer(None)
    assert isinstance(core.next_question(), AppendPiece)
    assert core.hang_up() == AppendAborted()
    assert core.hang_up() is None


def test_hang_up_before_the_abort_was_asked() -> None:
    """The word that pieces are void is not lost when the server stops in between."""
    core, _ = ask(b"a APPEND x {2000+}\r\n" + b"x" * 2000, **{"limits.held_octets_max": "1024"})
    core.answer(None)
    core.next_question()
    core.answer(None)
    core.receive(b" {5}\r\n")
    core.next_question()
    core.answer(No("no"))
    core.shut_down()

    assert core.next_question() is None
    assert core.hang_up() == AppendAborted()


def test_state_set_from_outside() -> None:
    """PREAUTH, and a mailbox that vanished under its session."""
    core = server_of({})
    assert (core.is_authenticated, core.is_selected, core.is_idle) == (False, False, False)
    core.set_state(authenticated=True)
    core.set_state(selected=True)
    assert (core.is_authenticated, core.is_selected) == (True, True)
    core.set_state(selected=False)
    assert (core.is_authenticated, core.is_selected) == (True, False)
    core.set_state(authenticated=False)
    with pytest.raises(AssertionError):
        core.set_state(selected=True)


def test_idle_is_seen() -> None:
    """The station sees when it may push."""
    core, _ = ask(b"a IDLE\r\n")
    assert not core.is_idle
    core.answer(None)
    assert core.is_idle
    core.receive(b"DONE\r\n")
    core.next_question()
    assert not core.is_idle


@pytest.mark.parametrize("answer", [None, Challenge(b"x")])
def test_our_own_mistakes_are_loud(answer: object) -> None:
    """An answer that does not fit its question is a fault of ours."""
    core, _ = ask(b"a NOOP\r\n")
    with pytest.raises(AssertionError):
        core.answer(answer)


def test_station_may_say_bad() -> None:
    """A BAD of the station counts as the client's error too."""
    core, _ = ask(b"a NOOP\r\n", **{"limits.errors_max": "1"})
    core.answer(Bad("no such message"))

    assert core.take_output() == b"a BAD no such message\r\n* BYE Too many wrong commands\r\n"


def test_how_long_a_client_may_be_silent() -> None:
    """Not long before log-in, half an hour at least after it. RFC 3501 5.4"""
    fresh, known = server_of({}), server_of({"state": "selected"})

    assert fresh.idle_seconds == 180
    assert known.idle_seconds == 1800
