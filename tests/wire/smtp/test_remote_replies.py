"""Replies of strangers."""

import pytest

from posthouse.wire.smtp.client_limits import ClientLimits
from posthouse.wire.smtp.remote_replies import Garbled, RemoteReply, ReplyReader, shown


def read(octets: bytes) -> RemoteReply | None:
    reader = ReplyReader(ClientLimits())
    reader.feed(octets)
    return reader.next()


def test_a_reply_of_several_lines() -> None:
    """One code, one status, the words joined."""
    reply = read(b"550-5.1.1 no such user\r\n550-5.1.1\r\n550 5.1.1 here\r\n")
    assert reply is not None
    assert (reply.code, reply.status, reply.text) == (550, "5.1.1", "no such user here")
    assert reply.said == "550 5.1.1 no such user here"
    assert reply.is_permanent
    assert not reply.is_positive


def test_a_status_of_another_class_is_none() -> None:
    """RFC 2034 4: the first digits agree, or it is only text."""
    reply = read(b"450 5.1.1 what\r\n")
    assert reply is not None
    assert (reply.status, reply.text) == ("", "5.1.1 what")


@pytest.mark.parametrize("line", [b"", b"25", b"250_x", b"150 x", b"650 x", b"abc", b"\xff\xff"])
def test_what_is_no_reply(line: bytes) -> None:
    """It raises, and says what came."""
    with pytest.raises(Garbled):
        read(line + b"\r\n")


def test_a_line_at_its_limit() -> None:
    """One octet more is too much, whether its end is there or not."""
    reader = ReplyReader(ClientLimits(reply_line_octets_max=512))
    reader.feed(b"250 " + b"x" * 507 + b"\n")
    assert reader.next() is not None
    for tail in (b"\n", b"x"):
        reader = ReplyReader(ClientLimits(reply_line_octets_max=512))
        reader.feed(b"250 " + b"x" * 508 + tail)
        with pytest.raises(Garbled):
            reader.next()


def test_octets_of_a_reply_at_their_limit() -> None:
    """Many long lines are too much as well."""
    reader = ReplyReader(ClientLimits(reply_octets_max=4096))
    reader.feed((b"250-" + b"x" * 1000 + b"\r\n") * 5)
    with pytest.raises(Garbled):
        reader.next()


def test_a_long_text_is_cut() -> None:
    """A stranger does not fill our logs."""
    reply = read(b"".join(b"550-" + b"x" * 400 + b"\r\n" for _ in range(5)) + b"550 y\r\n")
    assert reply is not None
    assert len(reply.text) == 900
    assert shown(b"a\x1b[31m\xff") == "a?[31m\ufffd"
