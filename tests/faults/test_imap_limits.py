"""Each limit of IMAP, at the limit and one more, from outside."""

from collections.abc import Iterator

import pytest

from faults.conftest import logged_in
from outside.clients import Imap, letter
from outside.server import Server

LINE = 8192
LITERAL = 4096
LETTER = 65_536


@pytest.fixture
def client(narrow: Server) -> Iterator[Imap]:
    """A session with the INBOX selected."""
    with logged_in(narrow) as client:
        client.ok(b"SELECT INBOX")
        yield client


def search(client: Imap, octets: int) -> tuple[bytes, list[bytes]]:
    """A command line of so many octets with its tag and CRLF."""
    tag = b"t%d" % (client._tags + 1)
    around = len(tag) + len(b' SEARCH SUBJECT ""\r\n')
    return client.command(b'SEARCH SUBJECT "%b"' % (b"x" * (octets - around)))


def test_line_at_its_limit(client: Imap) -> None:
    """A command of 8,192 octets with its CRLF is done."""
    assert search(client, LINE)[0].startswith(b"OK")


@pytest.mark.parametrize("more", [1, 1000])
def test_line_over_its_limit(client: Imap, more: int) -> None:
    """One octet more and it is BAD; the session goes on."""
    assert search(client, LINE + more)[0].startswith(b"BAD")
    client.ok(b"NOOP")


def test_line_far_over_its_limit(client: Imap) -> None:
    """A line without end: BAD, BYE, the end of the connection."""
    client.send_until_closed(b"x" * 10_000, 1000)
    heard = client.rest()
    assert b"BYE" in heard or heard == b""  # a reset may overtake it


@pytest.mark.parametrize("plus", [b"", b"+"], ids=["waits", "does not wait"])
def test_literal_at_its_limit(client: Imap, plus: bytes) -> None:
    """All literals of a command together may have 4,096 octets."""
    client.send(b"a SEARCH SUBJECT {%d%b}\r\n" % (LITERAL, plus))
    if not plus:
        assert client.line().startswith(b"+ ")
    client.send(b"x" * LITERAL + b"\r\n")
    assert client.until(b"a")[0].startswith(b"OK")


def test_literal_over_its_limit(client: Imap) -> None:
    """One octet more is refused before it is sent; who sends without asking is heard out."""
    assert client.command(b"SEARCH SUBJECT {%d}" % (LITERAL + 1))[0].startswith(b"NO [TOOBIG]")
    client.ok(b"NOOP")
    client.send(b"b SEARCH SUBJECT {%d+}\r\n%b\r\n" % (LITERAL + 1, b"x" * (LITERAL + 1)))
    assert client.until(b"b")[0].startswith(b"NO [TOOBIG]")
    client.ok(b"NOOP")


@pytest.mark.parametrize("octets", [b"4294967295", b"4294967296", b"99999999999999999999"])
@pytest.mark.parametrize("what", [b"SEARCH SUBJECT ", b"APPEND INBOX ", b"SELECT ", b"LOGIN "])
def test_literals_that_nobody_has(narrow: Server, octets: bytes, what: bytes) -> None:
    """Announced sizes beyond sense are refused, with LITERAL+ the session ends. RFC 7888 4"""
    with logged_in(narrow) as client:
        client.ok(b"SELECT INBOX")
        done = client.command(what + b"{" + octets + b"}")[0]
        assert done.startswith((b"NO", b"BAD"))
        client.ok(b"NOOP")
        client.send(b"z " + what + b"{" + octets + b"+}\r\nxxxx")
        heard = client.rest()
        assert b"z NO" in heard or b"z BAD" in heard
        assert b"* BYE" in heard


def test_letter_at_its_limit(client: Imap) -> None:
    """APPEND takes a letter of 65,536 octets and refuses one more."""
    head = letter("large", b"")
    for octets, answer in ((LETTER, b"OK [APPENDUID"), (LETTER + 1, b"NO [TOOBIG]")):
        assert client.append("Drafts", head + b"x" * (octets - len(head))).startswith(answer)
        client.ok(b"NOOP")


def test_letters_of_one_append(client: Imap) -> None:
    """Three letters in one APPEND are kept; of four none is. RFC 3502"""
    one = letter()
    part = b" {%d+}\r\n%b" % (len(one), one)
    client.ok(b"CREATE Many")
    assert client.command(b"APPEND Many" + part * 3)[0].startswith(b"OK")
    assert not client.command(b"APPEND Many" + part * 4)[0].startswith(b"OK")
    assert client.ok(b"STATUS Many (MESSAGES)") == [b"* STATUS Many (MESSAGES 3)"]
    client.ok(b"DELETE Many")


def test_errors_of_a_session(client: Imap) -> None:
    """Two wrong commands are borne; any right one begins the count anew; the third is the end."""
    for _ in range(3):
        for _ in range(2):
            assert client.command(b"WHAT")[0].startswith(b"BAD")
        client.ok(b"NOOP")
    for _ in range(2):
        assert client.command(b"WHAT")[0].startswith(b"BAD")
    client.send(b"z WHAT\r\n")
    assert b"* BYE" in client.rest()


def test_mailbox_names(client: Imap) -> None:
    """A name of 200 octets can be made, one of 201 not."""
    client.ok(b"CREATE " + b"n" * 200)
    client.ok(b"DELETE " + b"n" * 200)
    assert client.command(b"CREATE " + b"n" * 201)[0].startswith((b"NO", b"BAD"))


def test_depth_of_a_search(client: Imap) -> None:
    """Parentheses and NOTs within each other: eight are understood, more refused."""
    client.ok(b"SEARCH " + b"(" * 8 + b"ALL" + b")" * 8)
    for text in (b"(" * 9 + b"ALL" + b")" * 9, b"NOT " * 1000 + b"ALL", b"(" * 4000, b"OR " * 2000):
        assert client.command(b"SEARCH " + text)[0].startswith((b"BAD", b"NO")), text[:20]
        client.ok(b"NOOP")


def test_keys_of_a_search(client: Imap) -> None:
    """20 keys are looked for, 21 refused."""
    client.ok(b"SEARCH " + b" ".join([b"SEEN"] * 20))
    assert client.command(b"SEARCH " + b" ".join([b"SEEN"] * 21))[0].startswith((b"BAD", b"NO"))


def test_ranges_of_a_set(client: Imap) -> None:
    """A set of 100 ranges is taken, one of 101 refused."""
    for count, is_taken in ((100, True), (101, False)):
        ranges = b",".join(b"%d" % (2 * n + 1) for n in range(count))
        assert client.command(b"UID FETCH " + ranges + b" FLAGS")[0].startswith(b"OK") == is_taken


@pytest.mark.parametrize(
    "line",
    [
        b"FETCH 1 " + b"(" * 3000,
        b"FETCH 1 BODY[" + b"1." * 3000 + b"MIME]",
        b"LIST " + b"(" * 3000,
        b"STORE 1 FLAGS " + b"(" * 3000,
        b"FETCH 1 BODY[HEADER.FIELDS " + b"(" * 3000 + b"]",
        b"STATUS INBOX " + b"(" * 3000,
        b"SEARCH UID " + b"," * 3000,
        b"UID FETCH 4294967296 FLAGS",
        b"FETCH 0 FLAGS",
        b"FETCH 1:99999999999999999999 FLAGS",
        b"SELECT {3}",
    ],
    ids=lambda line: line[:24].decode(),
)
def test_nesting_and_numbers(client: Imap, line: bytes) -> None:
    """Whatever is nested or counted beyond sense is BAD or NO, and the session goes on."""
    if line.endswith(b"{3}"):  # a literal that is itself the announcement of one
        client.send(b"a SELECT {3+}\r\n{3}\r\n")
        assert client.until(b"a")[0].startswith((b"NO", b"BAD"))
    else:
        assert client.command(line)[0].startswith((b"BAD", b"NO"))
    client.ok(b"NOOP")
