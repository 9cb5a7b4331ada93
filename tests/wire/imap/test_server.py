"""The server as a whole: nothing breaks it, nothing depends on how octets are cut, it is small."""

import sys
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from imap_talk import answer_of, server_of
from posthouse.wire.imap.commands import AppendPiece
from posthouse.wire.imap.server import ImapServer

PIECES = st.sampled_from(
    [
        b"a NOOP\r\n",
        b"a LOGIN b c\r\n",
        b"a LOGIN {1}\r\n",
        b"a LOGIN {1+}\r\nx {1+}\r\ny\r\n",
        b"a SELECT INBOX\r\n",
        b"a UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS ({2+}\r\nTo)])\r\n",
        b"a STORE 1 +FLAGS (\\Seen)\r\n",
        b"a SEARCH OR SEEN NOT FROM {3+}\r\na\r\n\r\n",
        b"a APPEND x {3+}\r\nabc\r\n",
        b"a APPEND x (\\Seen) {3}\r\nabc {2000+}\r\n" + b"y" * 2000 + b"\r\n",
        b"a APPEND x {3000+}\r\n" + b"y" * 2999 + b"\0\r\n",
        b"a APPEND {1+}\r\nx {99999}\r\n",
        b"a APPEND x {99999+}\r\n",
        b"a REPLACE 1 x {3+}\r\nabc\r\n",
        b"a UID REPLACE 7 {1+}\r\nx ~{3000+}\r\n" + b"\0" * 3000 + b"\r\n",
        b"a APPEND x UTF8 (~{3+}\r\nabc)\r\n",
        b"a APPEND x UTF8 (~{3+}\r\nabc {3+}\r\nabc)\r\n",
        b"a ENABLE UTF8=ACCEPT\r\n",
        b"a COMPRESS DEFLATE\r\n",
        b"a UNAUTHENTICATE\r\n",
        b'a SEARCH RETURN (SAVE) CHARSET X "\xc3\xa4"\r\n',
        b"a AUTHENTICATE PLAIN\r\n",
        b"a IDLE\r\n",
        b"DONE\r\n",
        b"AAAA\r\n",
        b"*\r\n",
        b"a CLOSE\r\n",
        b"a LOGOUT\r\n",
        b"{5}\r\n",
        b"{5+}\r\n",
        b"a FOO {5+}\r\n",
        b" {70000}\r\n",
        b"\r",
        b"\n",
        b"\0",
        b"x" * 9000,
        b"a ",
        b"\xff",
    ]
)
STREAMS = st.one_of(st.lists(PIECES, max_size=12).map(b"".join), st.binary(max_size=200))
STATES = st.sampled_from(["", "authenticated", "selected"])
LIMITS = {
    "limits.line_octets_max": "8192",
    "limits.held_octets_max": "1024",
    "limits.letter_octets_max": "65536",
    "limits.literal_octets_max": "4096",
    "limits.swallow_octets_max": "20000",
    "limits.errors_max": "5",
    "after": "IDLE ESEARCH SEARCHRES CONDSTORE QRESYNC UIDPLUS MOVE MULTIAPPEND BINARY REPLACE SORT"
    " ESORT UTF8=ACCEPT COMPRESS=DEFLATE UNAUTHENTICATE",
}


def answered(core: ImapServer, asked: list[Any], chance: int) -> None:
    """The house answers, and says no to some, always the same ones; challenges twice."""
    while (question := core.next_question()) is not None:
        name = type(question).__name__
        if isinstance(question, AppendPiece):
            pieces = [q for q in asked if isinstance(q, AppendPiece)]
            if pieces and asked[-1] is pieces[-1] and pieces[-1].letter == question.letter:
                asked.pop()
                octets = pieces[-1].octets + question.octets
                question = AppendPiece(question.letter, octets, question.is_last)
        asked.append(question)
        text = None
        if name in ("AuthStarted", "AuthData") and chance % 3 != 2:
            text = "challenge x" if len(asked) % 5 else "no not you"
        elif name not in ("AppendPiece", "AppendAborted") and len(asked) % 7 == chance:
            text = "no not now"
        core.answer(answer_of(question, text))


def run(parts: list[bytes], state: str, chance: int) -> tuple[bytes, list[Any], bool]:
    """All output and all questions of a session, the pieces of a letter joined."""
    core = server_of({**LIMITS, "state": state})
    asked: list[Any] = []
    for part in parts:
        core.receive(part)
        answered(core, asked, chance)
        assert core.wants_input
    return core.take_output(), asked, core.closing


@given(STREAMS, STATES, st.integers(0, 6), st.lists(st.integers(0, 4000), max_size=6))
@settings(max_examples=300)
def test_cuts_do_not_matter(stream: bytes, state: str, chance: int, cuts: list[int]) -> None:
    """Whatever octets come, the same is asked and said however they are cut, and nothing raises."""
    whole = run([stream], state, chance)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    parts = [stream[a:b] for a, b in pairwise(edges)]

    assert run(parts, state, chance) == whole
    if len(stream) < 500:
        assert run([stream[n : n + 1] for n in range(len(stream))], state, chance) == whole


@given(STREAMS, STATES)
def test_memory_is_bounded(stream: bytes, state: str) -> None:
    """What a session keeps of its input is bounded by its limits, whatever comes."""
    core = server_of({**LIMITS, "state": state})
    for _ in range(5):
        core.receive(stream)
        answered(core, [], 0)
        assert len(core._in.buffer) <= 8192 + 4096 + 1024 + 9 * 2000 + 9000 * 12


def octets_of(value: Any, seen: set[int]) -> int:
    """What an object and its slots take, shared values not counted."""
    if id(value) in seen or isinstance(value, type | bool | int):
        return 0
    seen.add(id(value))
    slots = [slot for kind in type(value).__mro__ for slot in getattr(kind, "__slots__", ())]
    shared = {"_offer", "_limits", "_mode"}
    return sys.getsizeof(value) + sum(
        octets_of(getattr(value, slot), seen) for slot in slots if slot not in shared
    )


def test_an_idle_session_is_small() -> None:
    """A session that idles after large commands takes less than 2 KB."""
    core = server_of({"state": "selected"})
    core.receive(b"a SEARCH TEXT {60000+}\r\n" + b"x" * 60_000 + b"\r\n")
    answered(core, [], 9)
    core.receive(b"a APPEND x {100000+}\r\n" + b"x" * 100_000 + b"\r\nb IDLE\r\n")
    answered(core, [], 9)
    core.take_output()

    assert core.is_idle
    assert octets_of(core, set()) < 2048
