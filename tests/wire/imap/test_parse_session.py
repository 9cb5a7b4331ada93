"""Log-in, ID, ENABLE; what the transcripts do not show."""

import pytest

from imap_parsing import parse
from posthouse.wire.imap.commands import AuthStarted, Enable, Id, Noop
from posthouse.wire.imap.grammar import BadCommand
from posthouse.wire.imap.parse_session import decode_base64


@pytest.mark.parametrize("text", [b"", b"AAAA", b"AAA=", b"AA=="])
def test_base64(text: bytes) -> None:
    """Whole base64 is decoded."""
    assert decode_base64(text).replace(b"\0", b"") == b""


@pytest.mark.parametrize(
    "text", [b"A", b"AA", b"AAA", b"AA=", b"AAAA=", b"A===", b"AA A", b"AA\n="]
)
def test_no_base64(text: bytes) -> None:
    """Base64 that is cut off, padded wrongly or has other characters is BAD."""
    with pytest.raises(BadCommand, match="base64"):
        decode_base64(text)


def test_id_fields_at_most() -> None:
    """ID takes thirty fields and no more; octets that are no UTF-8 do no harm. RFC 2971 3.3"""
    pairs = " ".join(['"a" "b"'] * 30)
    assert parse(f"ID ({pairs})") == Id((("a", "b"),) * 30)
    with pytest.raises(BadCommand, match="at most 30 fields"):
        parse(f'ID ({pairs} "a" "b")')
    assert parse(b'ID ("a" {1}\r\n\xff)') == Id((("a", "\N{REPLACEMENT CHARACTER}"),))


@pytest.mark.parametrize("text", ["ID", "ID (", 'ID ("a" b)', 'ID ("a" "b" )', "ID NIL x"])
def test_id_refused(text: str) -> None:
    """What is not in the grammar is BAD."""
    with pytest.raises(BadCommand):
        parse(text)


def test_enable() -> None:
    """Each extension once; unknown ones and those that need no enabling are passed over."""
    assert parse("ENABLE qresync IDLE X-Y QRESYNC imap4rev2 ") == Enable(("QRESYNC", "IMAP4REV2"))
    with pytest.raises(BadCommand, match="extension"):
        parse("ENABLE (X)")


def test_authenticate() -> None:
    """The mechanism is an atom in any case, the initial response base64 or `=`."""
    assert parse("AUTHENTICATE scram-sha-256") == AuthStarted("SCRAM-SHA-256", None)
    assert parse("AUTHENTICATE PLAIN =  ") == AuthStarted("PLAIN", b"")
    with pytest.raises(BadCommand, match="mechanism"):
        parse('AUTHENTICATE "PLAIN"')


def test_alone() -> None:
    """A command without arguments is one value for all."""
    assert parse("NOOP") is parse("NOOP ") == Noop()
