"""The server as a whole: nothing breaks it, nothing depends on how octets are cut, it is small."""

import sys
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pop3_talk import Pop3Box, server_of
from posthouse.wire.pop3.questions import Breath, LetterWanted
from posthouse.wire.pop3.server import Pop3Server

PIECES = st.sampled_from(
    [
        b"CAPA\r\n",
        b"USER ann\r\n",
        b"PASS secret\r\n",
        b"USER ann\r\nPASS secret\r\n",
        b"AUTH PLAIN\r\n",
        b"AUTH PLAIN AGEAYg==\r\n",
        b"AUTH\r\n",
        b"AAAA\r\n",
        b"*\r\n",
        b"STLS\r\n",
        b"UTF8\r\n",
        b"LANG x\r\n",
        b"STAT\r\n",
        b"LIST\r\n",
        b"UIDL\r\n",
        b"RETR 1\r\n",
        b"RETR 2\r\n",
        b"TOP 1 1\r\n",
        b"TOP 2 0\r\n",
        b"DELE 1\r\n",
        b"RSET\r\n",
        b"NOOP\r\n",
        b"QUIT\r\n",
        b"\r",
        b"\n",
        b"\0",
        b"x" * 300,
        b"x" * 5000,
        b"RETR ",
        b"\xff",
    ]
)
STREAMS = st.one_of(st.lists(PIECES, max_size=12).map(b"".join), st.binary(max_size=200))
SETTINGS = {
    "limits.line_octets_max": "255",
    "limits.auth_line_octets_max": "512",
    "limits.input_octets_max": "4096",
    "limits.errors_max": "5",
    "letter": r".a: ü\r\n\r\n.one\r\n..two\r\n.",
    "letter2": r"\r\n.\r\n",
    "piece": "3",
}


def answered(core: Pop3Server, box: Pop3Box, asked: list[str], chance: int) -> None:
    """The house answers, and says no to some, always the same ones; challenges now and then."""
    while (question := core.next_question()) is not None:
        asked.append(repr(question))
        name = type(question).__name__
        text = None
        if name in ("AuthStarted", "AuthData") and chance % 3 != 2:
            text = "challenge x" if len(asked) % 5 else "refusal 535 5.7.8 no"
        elif name != "Breath" and len(asked) % 7 == chance:
            text = "err [SYS/TEMP] not now"
        core.answer(box.answer(question, text))


def run(parts: list[bytes], is_open: bool, chance: int) -> tuple[bytes, list[str], bool, bool]:
    """All output and all questions of a session."""
    given = SETTINGS | {"open": "yes" if is_open else "no"}
    core = server_of(given)
    box = Pop3Box.of(given)
    asked: list[str] = []
    for part in parts:
        core.receive(part)
        answered(core, box, asked, chance)
        assert core.wants_input
    return core.take_output(), asked, core.closing, core.starting_tls


@given(STREAMS, st.booleans(), st.integers(0, 6), st.lists(st.integers(0, 4000), max_size=6))
@settings(max_examples=300)
def test_cuts_do_not_matter(stream: bytes, is_open: bool, chance: int, cuts: list[int]) -> None:
    """Whatever octets come, the same is asked and said however they are cut, and nothing raises."""
    expected = run([stream], is_open, chance)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})

    assert run([stream[a:b] for a, b in pairwise(edges)], is_open, chance) == expected
    if len(stream) < 500:
        assert run([stream[n : n + 1] for n in range(len(stream))], is_open, chance) == expected


@given(STREAMS, st.booleans())
def test_memory_is_bounded(stream: bytes, is_open: bool) -> None:
    """What a session keeps of its input is bounded by its limits, whatever comes."""
    given = SETTINGS | {"open": "yes" if is_open else "no"}
    core = server_of(given)
    for _ in range(5):
        core.receive(stream)
        answered(core, Pop3Box.of(given), [], 0)
        assert core.closing or len(core._buffer) <= 4096


def test_reading_stops_while_much_waits() -> None:
    """Behind an open question so much is buffered and no more is wanted."""
    core = server_of({"limits.input_octets_max": "4096"})
    core.receive(b"USER a\r\nPASS b\r\n")
    question = core.next_question()
    assert question is not None
    core.receive(b"x" * 4095)
    assert core.wants_input
    core.receive(b"x")
    assert not core.wants_input
    assert core.next_question() is None


def test_many_commands_take_a_breath() -> None:
    """A client that pipelines thousands of cheap commands does not hold the others up."""
    core = server_of({"open": "yes", "letters": "1"})
    core.receive(b"STAT\r\n" * 250)
    breaths = 0
    while (question := core.next_question()) is not None:
        assert question == Breath()
        assert core.take_output().count(b"\n") == 100
        core.answer(None)
        breaths += 1
    assert breaths == 2
    assert core.take_output().count(b"\n") == 50


@pytest.mark.parametrize("command", ["LIST", "UIDL"])
def test_large_listings_take_breaths(command: str) -> None:
    """The lines of a large drop come in slices; together they are all of them."""
    core = server_of({"open": "yes", "letters": "2500"})
    core.receive(command.encode() + b"\r\n")
    slices = []
    while core.next_question() is not None:
        slices.append(core.take_output())
        core.answer(None)
    lines = (b"".join(slices) + core.take_output()).split(b"\r\n")

    assert len(slices) == 2
    assert lines[1].startswith(b"1 ")
    assert [line.split()[0] for line in lines[1:-2]] == [b"%d" % n for n in range(1, 2501)]
    assert lines[-2:] == [b".", b""]


def test_a_letter_is_finished_before_the_server_stops() -> None:
    """What goes out goes out whole; then the session ends, whatever was pipelined."""
    core = server_of({"open": "yes", "letter": r"A: b\r\n\r\nx\r\n", "piece": "4"})
    box = Pop3Box([b"A: b\r\n\r\nx\r\n"], 4)
    core.receive(b"RETR 1\r\nNOOP\r\n")
    question = core.next_question()
    core.shut_down()
    assert not core.closing
    while question is not None:
        core.answer(box.answer(question, None))
        core.shut_down()
        question = core.next_question()
    assert core.closing
    assert core.take_output().endswith(b"x\r\n.\r\n-ERR [SYS/TEMP] The server is going down, "
                                       b"please come back later\r\n")  # fmt: skip


def test_a_listing_is_finished_before_the_server_stops() -> None:
    """The same for lines of the drop, also when no other question follows."""
    core = server_of({"open": "yes", "letters": "1500"})
    core.receive(b"LIST\r\n")
    assert core.next_question() == Breath()
    core.shut_down()
    core.answer(None)
    assert core.next_question() is None
    assert core.closing
    assert b"\r\n.\r\n-ERR" in core.take_output()


def test_a_letter_that_ends_too_early_is_our_fault() -> None:
    """A house that gives nothing before the end breaks its promise."""
    core = server_of({"open": "yes", "letter": "A: b"})
    core.receive(b"RETR 1\r\n")
    question = core.next_question()
    assert isinstance(question, LetterWanted)
    piece = Pop3Box([b"A: b"], 0).letter(LetterWanted(10, 4, 1))
    with pytest.raises(AssertionError):
        core.answer(piece)


def octets_of(value: Any) -> int:
    slots = [slot for kind in type(value).__mro__ for slot in getattr(kind, "__slots__", ())]
    mine = [getattr(value, slot) for slot in slots if slot not in ("offer", "limits", "mode")]
    return sys.getsizeof(value) + sum(sys.getsizeof(one) for one in mine)


def test_an_idle_session_is_small() -> None:
    """A session that waits for a command costs less than a kilobyte."""
    core = server_of({})
    core.take_output()
    core.receive(b"CAPA\r\n")
    assert core.next_question() is None
    core.take_output()
    assert octets_of(core) < 1000
