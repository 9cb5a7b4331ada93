"""What a host hears of a letter, by what it offers."""

from posthouse.wire.smtp.outgoing import (
    Outgoing,
    OutgoingRecipient,
    extensions,
    mail_command,
    rcpt_command,
    recipients_max,
    unfit,
)


def test_wishes_go_to_hosts_that_know_them() -> None:
    """NOTIFY and ORCPT as they came. RFC 3461 5.2.1"""
    bob = OutgoingRecipient(
        address="bob@example.net", notify=("SUCCESS", "DELAY"), original="rfc822;Bob@example.net"
    )
    assert rcpt_command(bob, {"DSN": ""}) == (
        b"RCPT TO:<bob@example.net> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Bob@example.net\r\n"
    )
    assert rcpt_command(bob, {}) == b"RCPT TO:<bob@example.net>\r\n"
    utf8 = OutgoingRecipient(address="b@x", original="utf-8;张@x")
    assert b"ORCPT" not in rcpt_command(utf8, {"DSN": ""})


def test_binary_needs_both_words() -> None:
    """RFC 3030 3"""
    letter = Outgoing(sender="", recipients=(), size=1, is_binary=True)
    refused = unfit(letter, {"CHUNKING": ""})
    assert refused is not None
    assert refused.status == "5.6.3"
    assert unfit(letter, {"CHUNKING": "", "BINARYMIME": ""}) is None
    assert b"BODY=BINARYMIME" in mail_command(letter, {})


def test_a_size_of_zero_is_no_limit() -> None:
    """RFC 1870 3; and what is no number is none either."""
    letter = Outgoing(sender="", recipients=(), size=10**9)
    assert unfit(letter, {"SIZE": "0"}) is None
    assert unfit(letter, {"SIZE": ""}) is None
    assert unfit(letter, {"SIZE": "big"}) is None
    assert unfit(letter, {"SIZE": "9" * 1000}) is None


def test_how_many_recipients() -> None:
    """RFC 9422 4.2, else what every host takes."""
    assert recipients_max({"LIMITS": "MAILMAX=3 RCPTMAX=20"}) == 20
    assert recipients_max({"LIMITS": "RCPTMAX=x RCPTMAX=0"}) == 100
    assert recipients_max({}) == 100


def test_what_is_offered() -> None:
    """Words in any case, AUTH in both spellings."""
    lines = (b"mx", b"size 5", b"AUTH PLAIN", b"auth=LOGIN", b"", b"\xff")
    assert extensions(lines)["SIZE"] == "5"
    assert extensions(lines)["AUTH"] == "PLAIN LOGIN"
    assert extensions(()) == {}
