"""Address lists that may be sent, and those that may not."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.address_list import read_addresses


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ann@example.org", ["ann@example.org"]),
        ("Ann Lee <ann@example.org>", ["ann@example.org"]),
        ('"Lee, Ann" <ann@Example.ORG>, bob@example.net', ["ann@example.org", "bob@example.net"]),
        ("John Q. Public <j@example.org>", ["j@example.org"]),
        ("=?utf-8?B?5LiJ?= <a@example.org>", ["a@example.org"]),
        ("a@example.org ,\tb@example.org", ["a@example.org", "b@example.org"]),
        ("ann@example.org (Ann (the first) Lee)", ["ann@example.org"]),
        ("(x) Ann (y) < ann @ example.org > (z)", ["ann@example.org"]),
        (r'"a \"b\" c" <a@example.org>', ["a@example.org"]),
        ('"a b"@example.org', ['"a b"@example.org']),
        ('Ann "the" Lee <"a b"@example.org>', ['"a b"@example.org']),
        ("ann@[192.0.2.1]", ["ann@[192.0.2.1]"]),
        ("Ann <ann@[IPv6:2001:DB8::1]>", ["ann@[IPv6:2001:db8::1]"]),
        ("undisclosed-recipients:;", []),
        ("Friends: a@example.org, B <b@example.org>;", ["a@example.org", "b@example.org"]),
        ("x@example.org, Friends: a@example.org;, y@example.org", ["x@example.org",
         "a@example.org", "y@example.org"]),
        ("张三 <张三@例子.example>", ["张三@xn--fsqu00a.example"]),
        ("<a!b%c@example.org>", ["a!b%c@example.org"]),
    ],
)  # fmt: skip
def test_right_lists(text: str, found: list[str]) -> None:
    """Names, comments, quotes, groups: all that RFC 5322 3.4 has, and dots in names."""
    assert [address.text for address in read_addresses(text).found] == found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expected an address as name <local@domain>, found nothing"),
        ("bob", "found 'bob'"),
        ("Bob Lee", "found 'Bob Lee'"),
        ("a@example.org,", "found 'a@example.org,'"),
        (",a@example.org", "found ','"),
        ("a@example.org,,b@example.org", "found ','"),
        ("a@example.org b@example.org", "a comma stands between addresses, found 'b@example.org'"),
        ("a@example.org; b@example.org", "a comma stands between addresses, found '; b@ex"),
        ("Ann Lee ann@example.org", "one word stands before the @"),
        ("Ann <ann>", "found '<ann>'"),
        ("<>", "found '<>'"),
        ("Ann <ann@example.org", "ends with >"),
        ("Ann <ann@example.org> Lee", "a comma stands between addresses, found 'Lee'"),
        ("ann@", "a domain stands behind the @, found nothing"),
        ("@example.org", "one word stands before the @, found nothing"),
        ("ann@@example.org", "a domain stands behind the @"),
        ("<@relay.example:ann@example.org>", "one word stands before the @, found nothing"),
        ('"ann <ann@example.org>', "expected a name or an address"),
        ("ann@example.org (Ann", "a comment ends with )"),
        ("ann@example.org)", "expected a name or an address"),
        ("Friends: a@example.org", "a group ends with a semicolon"),
        ("Friends: More: a@example.org;;", "expected an address"),
        (".ann@example.org", "no dot at its ends"),
        ("ann.@example.org", "no dot at its ends"),
        ("a..b@example.org", "no two together"),
        ("ann@example..org", "no empty label"),
        ("ann@-example.org", "a label has letters"),
        ("ann@192.0.2.1", "an IP address stands in brackets"),
        ("ann@[300.1.1.1]", "an address literal is"),
        ("[x] <a@example.org>", "brackets stand behind the @ only"),
        ("=?utf-8?B?5LiJ?=@example.org", "an encoded word is a name"),
        ("<=?utf-8?Q?a?=@example.org>", "an encoded word is a name"),
        ("a\\b <a@example.org>", "expected a name or an address"),
        ("x" * 65 + "@example.org", "at most 64 octets"),
        ("(" * 30 + ")" * 30 + "a@example.org", "a comment ends"),
    ],
)
def test_wrong_lists(text: str, says: str) -> None:
    """The sentence says what is right and what was found."""
    with pytest.raises(ValueError) as error:
        read_addresses(text)

    assert says in str(error.value)


def test_groups_are_counted() -> None:
    """Empty ones too."""
    assert read_addresses("a:; , b: x@example.org;").groups == 2


@given(st.text(alphabet='ab@<>(),:;."\\[] \t=?é', max_size=60))
def test_nothing_else_is_raised(text: str) -> None:
    """Whatever stands in a field, a list or a ValueError comes out."""
    said = ""
    try:
        read_addresses(text)
    except ValueError as error:
        said = str(error)
    assert not said or said.isprintable()


@pytest.mark.parametrize(
    "text", ["(" * 50_000, '"' * 50_000, "a " * 50_000, "<" * 50_000, "a@b.c," * 20_000,
             "\\" * 9999, "a." * 50_000, "(\\" * 30_000, "a:" * 40_000],
)  # fmt: skip
def test_long_fields_cost_little(text: str) -> None:
    """The time grows with the length and not with its square."""
    begun = time.process_time()
    with contextlib.suppress(ValueError):
        read_addresses(text)
    assert time.process_time() - begun < 1.5
