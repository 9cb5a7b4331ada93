"""Modified UTF-7."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.wire.imap.mailbox_name import decode_name, encode_name


@pytest.mark.parametrize(
    ("name", "octets"),
    [
        ("INBOX", b"INBOX"),
        ("", b""),
        ("a & b", b"a &- b"),
        ("&", b"&-"),
        ("&&", b"&-&-"),
        ("Entwürfe", b"Entw&APw-rfe"),
        ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
        ("ü&ü", b"&APw-&-&APw-"),
        ("📬", b"&2D3c7A-"),
        ("a\U0001f468\u200d\U0001f469", b"a&2D3caCAN2D3caQ-"),
    ],
)
def test_both_ways(name: str, octets: bytes) -> None:
    """What is written is read back. RFC 3501 5.1.3"""
    assert encode_name(name) == octets
    assert decode_name(octets) == name


@pytest.mark.parametrize(
    "octets",
    [
        b"a&b",
        b"&",
        b"&APw-&APw-",
        b"&Jjo!",
        b"&U,BTFw-&ZeVnLIqe-",
        b"&AGE-",
        b"&AAo-",
        b"&AIU-",
        b"&ICg-",
        b"&AP-",
        b"&APx-",
        b"&A-",
        b"&2D0-",
        b"&AP=-",
        b"&A Pw-",
        b"&APw\xff-",
        b"a\xfcb",
        b"a\x00b",
        b"a\nb",
        b"a\x7f",
        b"&U/BTFw-",
    ],
)
def test_refused(octets: bytes) -> None:
    """What no correct client writes is refused, so that a mailbox has one name on the wire."""
    with pytest.raises(ValueError, match="mailbox name"):
        decode_name(octets)


NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=30
)


@given(NAMES)
def test_round_trip(name: str) -> None:
    """Every printable name survives the way to the wire and back."""
    assert decode_name(encode_name(name)) == name


@given(st.binary(max_size=30))
def test_any_octets(octets: bytes) -> None:
    """Whatever comes has one name that is written the same way, or is refused."""
    try:
        name = decode_name(octets)
    except ValueError:
        return
    assert encode_name(name) == octets
