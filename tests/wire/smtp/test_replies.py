"""Replies on the wire: whatever a text holds, the lines stay whole."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.base.errors import Refusal
from posthouse.wire.smtp import replies
from posthouse.wire.smtp.replies import Accepted, Reply, render, text_of, written
from talk import TRANSCRIPTS

READY = {
    name: value
    for name, value in vars(replies).items()
    if name.isupper() and isinstance(value, bytes)
}


def said_in(path: Path) -> list[str]:
    """What the server says in a transcript, but the greeting and the answer to the hello."""
    found, is_hello = [], True
    for line in path.read_text().splitlines():
        mark, _, text = line.partition(" ")
        if mark in ("C:", "C<<"):
            is_hello = text[:4].upper() in ("EHLO", "HELO", "LHLO")
        elif mark == "S:" and not is_hello and "*" not in text:
            found.append(text)
    return found


@pytest.mark.parametrize("folder", ["smtp", "submission", "lmtp"])
def test_every_reply_has_an_enhanced_code(folder: str) -> None:
    """In all conversations, where they say the code: 2yz, 4yz and 5yz have one of their class, but
    for greeting and hello; 3yz has none. RFC 2034 4, 5
    """
    count = 0
    for path in (TRANSCRIPTS / folder).glob("*.talk"):
        for text in said_in(path):
            code = re.match(r"(\d)\d\d[ -](?:(\d)\.\d{1,3}\.\d{1,3}\b)?", text)
            if code is None or re.fullmatch(r"250 \w+(\.\w+)+", text):
                continue  # a fault in the conversation; the answer to a hello sent early
            count += 1
            assert code[2] == (None if code[1] == "3" else code[1]), f"{path.name}: {text}"
    assert count > 2


@pytest.mark.parametrize("name", READY)
def test_ready_made_replies_are_well_formed(name: str) -> None:
    """Code, then an enhanced code of its class, at most 512 octets a line. RFC 5321 4.2, 2034 4"""
    reply = READY[name]
    assert reply.endswith(b"\r\n")
    for line in reply.split(b"\r\n")[:-1]:
        assert len(line) <= 510
        assert re.fullmatch(
            rb"([245])[0-9]{2}[ -]\1\.[0-9]\.[0-9]{1,2} [ -~]+|[35][0-9]{2} [ -~]+", line
        )
        assert line[:3] in (b"354", b"554") or line[:1] == line[4:5]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Reply(550, "5.7.1", "no"), b"550 5.7.1 no\r\n"),
        (Reply(220, "", "hello"), b"220 hello\r\n"),
        (Reply(550, "5.7.1", "no\nnever"), b"550-5.7.1 no\r\n550 5.7.1 never\r\n"),
        (Reply(220, "", "a\r\nb\rc"), b"220-a\r\n220-b\r\n220 c\r\n"),
        (Reply(550, "5.7.1", ""), b"550 5.7.1 \r\n"),
        (Reply(550, "5.7.1", "\n"), b"550 5.7.1 \r\n"),
        (Reply(550, "5.7.1", "a\x00\x1b[1mb"), b"550 5.7.1 a??[1mb\r\n"),
        (Reply(550, "5.7.1", "nö"), b"550 5.7.1 n?\r\n"),
        (Accepted("as 7"), b"250 2.0.0 as 7\r\n"),
        (Refusal(451, "4.3.0", "later", note="disk sda is broken"), b"451 4.3.0 later\r\n"),
    ],
)
def test_answers_are_written(answer: replies.Answer, expected: bytes) -> None:
    """Line ends make lines, control characters and what is not ASCII are replaced."""
    assert written(answer) == expected
    assert written(answer)[:3] == str(answer.code).encode()


def test_utf8_for_those_who_asked() -> None:
    """With SMTPUTF8 a text may be UTF-8, lone surrogates never pass. RFC 6531 3.7.4.1"""
    assert render(550, "5.7.1", "nö", is_utf8=True) == "550 5.7.1 nö\r\n".encode()
    assert render(550, "5.7.1", "n\ud800", is_utf8=True) == b"550 5.7.1 n?\r\n"


def test_the_text_of_a_refusal_is_what_is_for_the_peer() -> None:
    """The note stays in the house."""
    assert text_of(Refusal(550, "5.7.1", "no", note="list 7")) == "no"
    assert text_of(Reply(550, "5.7.1", "no")) == "no"


@given(st.sampled_from([220, 250, 450, 550]), st.text() | st.text(min_size=400), st.booleans())
def test_any_text_makes_whole_lines(code: int, text: str, is_utf8: bool) -> None:
    """No line is too long or broken, all but the last have a hyphen. RFC 5321 4.2.1"""
    octets = render(code, f"{code // 100}.0.0", text, is_utf8=is_utf8)
    *lines, rest = octets.split(b"\r\n")
    assert rest == b""
    for number, line in enumerate(lines, 1):
        assert len(line) <= 510
        assert line.startswith(
            b"%d%b%d.0.0 " % (code, b"-" if number < len(lines) else b" ", code // 100)
        )
        assert b"\r" not in line
        assert b"\n" not in line
        assert is_utf8 or line.isascii()
        line.decode()
