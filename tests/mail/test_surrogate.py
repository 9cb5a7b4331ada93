"""What a program that knows only ASCII is shown of a header in UTF-8."""

from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.encoded_words import decode_words
from posthouse.mail.header import Header
from posthouse.mail.surrogate import NOWHERE, ascii_header, encoded


def shown(header: str) -> str:
    return ascii_header(header.encode()).decode("ascii")


def test_ascii_stays_as_it_is() -> None:
    """A header in ASCII is not touched, whatever else may be odd about it."""
    header = b"Subject:  a\r\n b\r\nno field\r\nTo: <x\r\n\r\n"

    assert ascii_header(header) == header


def test_only_fields_that_need_it_change() -> None:
    """The fields around stay octet for octet, and the empty line is there."""
    found = shown("A:  1\r\n\t2\r\nSubject: 你好\r\nB: 3\r\n\r\n")

    assert found == "A:  1\r\n\t2\r\nSubject: =?utf-8?b?5L2g5aW9?=\r\nB: 3\r\n\r\n"


def test_names_become_words_and_addresses_stay() -> None:
    """A display name is encoded, an address in ASCII can still be answered."""
    found = shown('From: Jürgen <j@example.org>, "a, b" <c@example.org>\r\n\r\n')

    assert found == (
        'From: =?utf-8?b?SsO8cmdlbg==?= <j@example.org>,\r\n "a, b" <c@example.org>\r\n\r\n'
    )


def test_hosts_become_a_labels() -> None:
    """A domain has a form in ASCII, so the address still leads there."""
    assert shown("To: x@bücher.example\r\n\r\n") == "To: <x@xn--bcher-kva.example>\r\n\r\n"


def test_an_address_without_ascii_form_leads_nowhere() -> None:
    """It is readable in the name, and no answer goes astray."""
    found = shown('To: Ann <jürgen@example.org>, "x y"@bücher.example\r\n\r\n')

    assert NOWHERE.decode() in found
    value = Header(found.encode()).first(b"to") or b""
    assert decode_words(value).startswith("Ann jürgen@example.org <unreachable@")
    assert '"x y"@xn--bcher-kva.example' in found


def test_groups_keep_their_form() -> None:
    """A group is still one, empty or not."""
    found = shown("To: Gäste: a@example.org, b@example.org;, none:;, ü@example.org\r\n\r\n")

    assert found.startswith("To: =?utf-8?b?R8Okc3Rl?=: <a@example.org>,\r\n <b@example.org>;,\r\n")
    assert '"none":;' in found


def test_long_texts_are_folded_between_characters() -> None:
    """No encoded word is longer than 75 characters, none cuts a character."""
    text = "水" * 100
    words = encoded(text).split(b"\r\n ")

    assert all(len(word) <= 75 for word in words)
    assert decode_words(b" ".join(words)) == text


def test_what_is_no_field_is_made_ascii_too() -> None:
    """Octets outside of fields are replaced."""
    assert shown("schön\r\n\r\n") == "sch??n\r\n\r\n"


def test_a_domain_that_is_none_leads_nowhere() -> None:
    """What cannot be a domain is only shown."""
    assert NOWHERE.decode() in shown("To: a@\u2028ü..\r\n\r\n")


@given(st.binary(max_size=200), st.sampled_from([b"From:", b"To: ", b"Subject:", b""]))
def test_never_raises(octets: bytes, start: bytes) -> None:
    """Whatever a header holds, the answer is ASCII."""
    assert ascii_header(start + octets).isascii()
    assert ascii_header(start + "ü <a@b>, c:;".encode() + octets).isascii()
