"""How results look on the wire."""

from posthouse.base.errors import Refusal
from posthouse.wire.pop3.answers import AUTH, SYS_TEMP, Err, clean, err_line, err_of, ok_line


def test_lines() -> None:
    """A line has its sign, its code if there is one, and a text on one line. RFC 2449 8"""
    assert ok_line("Done") == b"+OK Done\r\n"
    assert err_line(Err("No")) == b"-ERR No\r\n"
    assert err_line(Err("No", AUTH)) == b"-ERR [AUTH] No\r\n"


def test_text_stays_text() -> None:
    """Nothing in a text ends the line or is taken for a code."""
    assert clean("a\r\nb\0") == b"a??b?"
    assert clean("[x] ü") == b"x] ?"


def test_refusals() -> None:
    """A station's no gets the code that tells the client what to do next. RFC 3206 2"""
    assert err_of(Refusal(535, "5.7.8", "wrong")) == Err("Wrong", AUTH)
    assert err_of(Refusal(451, "4.3.0", "later")) == Err("Later", SYS_TEMP)
    assert err_of(Refusal(501, "5.5.2", "broken")) == Err("Broken")
