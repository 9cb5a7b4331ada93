import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.address import (
    Address,
    domain_to_unicode,
    fold_local,
    normal_domain,
    parse_address,
    quote_local,
    split_subaddress,
)

GOOD = [
    ("ann@example.org", "ann", "example.org", "ann@example.org"),
    ("Ann.Lee+x@EXAMPLE.org", "Ann.Lee+x", "example.org", "Ann.Lee+x@example.org"),
    ("ann@example.org.", "ann", "example.org", "ann@example.org"),
    ("!#$%&'*+-/=?^_`{|}~@a.b", "!#$%&'*+-/=?^_`{|}~", "a.b", "!#$%&'*+-/=?^_`{|}~@a.b"),
    ('"ann lee"@example.org', "ann lee", "example.org", '"ann lee"@example.org'),
    ('"a\\"b\\\\c"@example.org', 'a"b\\c', "example.org", '"a\\"b\\\\c"@example.org'),
    ('"ann"@example.org', "ann", "example.org", "ann@example.org"),
    ('"a@b"@example.org', "a@b", "example.org", '"a@b"@example.org'),
    ('""@example.org', "", "example.org", '""@example.org'),
    ("a..b.@docomo.example", "a..b.", "docomo.example", '"a..b."@docomo.example'),
    ("postmaster@localhost", "postmaster", "localhost", "postmaster@localhost"),
    ("a@_dmarc.example.org", "a", "_dmarc.example.org", "a@_dmarc.example.org"),
    ("ann@[192.0.2.1]", "ann", "[192.0.2.1]", "ann@[192.0.2.1]"),
    ("ann@[ipv6:2001:DB8:0:0::1]", "ann", "[IPv6:2001:db8::1]", "ann@[IPv6:2001:db8::1]"),
    ("ann@bücher.example", "ann", "xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
    ("ann@XN--BCHER-KVA.example", "ann", "xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
    ("李明@例子。中国", "李明", "xn--fsqu00a.xn--fiqs8s", "李明@xn--fsqu00a.xn--fiqs8s"),
    ("李明@ｅｘａｍｐｌｅ.org", "李明", "example.org", "李明@example.org"),
    ("e\u0301va@example.org", "\u00e9va", "example.org", "\u00e9va@example.org"),
    ('"李 明"@例子.中国', "李 明", "xn--fsqu00a.xn--fiqs8s", '"李 明"@xn--fsqu00a.xn--fiqs8s'),
    ("क्‍ष@example.org", "क्‍ष", "example.org", "क्‍ष@example.org"),
    ("l" * 64 + "@example.org", "l" * 64, "example.org", "l" * 64 + "@example.org"),
    ("明" * 21 + "@example.org", "明" * 21, "example.org", "明" * 21 + "@example.org"),
]


@pytest.mark.parametrize(("text", "local", "domain", "written"), GOOD)
def test_good(text: str, local: str, domain: str, written: str) -> None:
    """An address has one normal form, and that form reads back as itself."""
    address = parse_address(text)
    assert address == Address(local, domain)
    assert address.text == written
    assert parse_address(written) == address


BAD = [
    ("", "local@domain"),
    ("ann", "local@domain"),
    ("@example.org", "local part before the @"),
    ("ann@", "domain after the @"),
    ("ann lee@example.org", "without quotes"),
    ("<ann@example.org>", "without quotes"),
    ("a@b@example.org", "without quotes"),
    ("a\r\nRCPT TO:<x>@example.org", "without quotes"),
    ("a\u3000b@example.org", "visible characters"),
    ("a\u202eb@example.org", "visible characters"),
    ("a\ud800b@example.org", "visible characters"),
    ("a\x80b@example.org", "visible characters"),
    ('"a\u2028b"@example.org', "visible characters"),
    ('"ann@example.org', "ends with a quote"),
    ('"a\nb"@example.org', "ends with a quote"),
    ('"a\\', "ends with a quote"),
    ('"ann"example.org', 'expected "@domain"'),
    ('"ann"', 'expected "@domain"'),
    ('"ann"@', "domain after the @"),
    ("l" * 65 + "@example.org", "at most 64 octets, found 65"),
    ("明" * 22 + "@example.org", "at most 64 octets, found 66"),
    ("a@" + "x" * 2000, "at most 318 octets"),
    ("a@" + "x." * 127 + "org", "at most 253 octets"),
    ("a@" + "x." * 125 + "orgs", "at most 253 octets"),
    ("a@" + "中." * 100 + "中国", "domain"),
    ("a@" + "x" * 64 + ".org", "at most 63 octets"),
    ("a@b..org", "no empty label"),
    ("a@.org", "no empty label"),
    ("a@.", "no empty label"),
    ("a@-b.org", "letters, digits and inner hyphens"),
    ("a@b-.org", "letters, digits and inner hyphens"),
    ("a@b c.org", "letters, digits and inner hyphens"),
    ("a@b\0c.org", "letters, digits and inner hyphens"),
    ("a@b/c.org", "letters, digits and inner hyphens"),
    ("a@192.0.2.1", "in brackets"),
    ("a@\u2764.example", "IDNA 2008"),
    ("a@\ud800.example", "IDNA 2008"),
    ("a@[192.0.2.1", "ends with ]"),
    ("a@[192.0.2.300]", "address literal is"),
    ("a@[IPv6:fe80::1%eth0]", "address literal is"),
    ("a@[IPv6:zz]", "address literal is"),
    ("a@[x-tag:data]", "address literal is"),
]


@pytest.mark.parametrize(("text", "reason"), BAD)
def test_bad(text: str, reason: str) -> None:
    """What is refused is refused with a text that says what was found and what is allowed."""
    with pytest.raises(ValueError) as caught:
        parse_address(text)
    assert reason in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


def test_domain_at_its_limits() -> None:
    """A domain of 253 octets and a label of 63 are let in."""
    domain = ".".join(["x" * 63, "y" * 63, "z" * 63, "w" * 61])
    assert len(domain) == 253
    assert normal_domain(domain + ".") == domain
    with pytest.raises(ValueError, match="at most 253 octets, found 254"):
        normal_domain("v" + domain)
    with pytest.raises(ValueError, match="at most 253 octets, found 600"):
        normal_domain("v" * 600)
    long_in_ascii = ".".join(["明天更好的中国"] * 10)
    with pytest.raises(ValueError, match="too long"):
        normal_domain(long_in_ascii)


def test_keys() -> None:
    """Case and composition do not make another mailbox."""
    same = ["STRASSE@b\u00fccher.example", "stra\u00dfe@XN--BCHER-KVA.example"]
    assert len({parse_address(text).key for text in same}) == 1
    assert parse_address("Ann@A.org").key == "ann@a.org"
    assert fold_local("\u00c9va") == fold_local("e\u0301VA") == "\u00e9va"


def test_asking() -> None:
    """An address knows whether it needs SMTPUTF8, is a literal, and how people read it."""
    chinese = parse_address("李明@例子.中国")
    assert not chinese.is_ascii
    assert chinese.unicode == "李明@例子.中国"
    assert parse_address("ann@例子.中国").is_ascii
    assert parse_address("ann@[192.0.2.1]").is_literal
    assert not chinese.is_literal


def test_domain_to_unicode() -> None:
    """What is no valid A-label stays as it is, and nothing raises."""
    assert domain_to_unicode("example.org") == "example.org"
    assert domain_to_unicode("a.xn--fiqs8s") == "a.中国"
    assert domain_to_unicode("xn--ls8h.la") == "xn--ls8h.la"  # an emoji
    assert domain_to_unicode("xn--.xn--" + "9" * 60) == "xn--.xn--" + "9" * 60
    assert domain_to_unicode("xn--" * 100) == "xn--" * 100


@pytest.mark.parametrize(
    ("local", "separator", "expected"),
    [
        ("ann", "+", ("ann", None)),
        ("ann+lists", "+", ("ann", "lists")),
        ("ann+a+b", "+", ("ann", "a+b")),
        ("ann+", "+", ("ann", "")),
        ("+ann", "+", ("+ann", None)),
        ("+ann+x", "+", ("+ann", "x")),
        ("ann-x", "-", ("ann", "x")),
        ("ann--x", "--", ("ann", "x")),
        ("ann+x", "", ("ann+x", None)),
        ("李明+项目", "+", ("李明", "项目")),
        ("", "+", ("", None)),
    ],
)
def test_split_subaddress(local: str, separator: str, expected: tuple[str, str | None]) -> None:
    """The detail begins behind the first separator that is not at the front."""
    assert split_subaddress(local, separator) == expected


@given(st.text(min_size=0, max_size=30))
def test_quoted_round_trip(local: str) -> None:
    """Any local part that can be written reads back, and writing twice is writing once."""
    try:
        address = parse_address(f"{quote_local(local)}@example.org")
    except ValueError:
        return
    again = parse_address(address.text)
    assert again == address
    assert fold_local(fold_local(again.local)) == fold_local(again.local)


@given(st.text())
def test_never_raises_another_error(text: str) -> None:
    """Whatever comes, an address or a ValueError."""
    for attempt in (text, f"a@{text}", f"{text}@a.org", f'"{text}"@a.org', f"a@[{text}]"):
        try:
            address = parse_address(attempt)
        except ValueError:
            continue
        assert parse_address(address.text) == address
        assert address.domain.isascii()
        assert "\n" not in address.text
        domain_to_unicode(address.domain)
