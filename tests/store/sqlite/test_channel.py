"""Frames, however the socket cuts them."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.store.sqlite.channel import (
    FRAME_OCTETS_MAX,
    Batch,
    FrameError,
    Frames,
    Hello,
    Submit,
    Welcome,
    frame,
    from_client,
    from_scribe,
    note_decoder,
    pack,
    values_decoder,
)
from posthouse.store.sqlite.ledger import Failed, Kept
from posthouse.store.values import Claimed, ClaimRecent, Done, Note, SetFlags, Why

NOTE = Note(b"i" * 16, 5, "m@x", b"")


@given(st.lists(st.integers(1, 40), max_size=30))
def test_messages_come_whole(cuts: list[int]) -> None:
    """Cut anywhere, they are the same messages in the same order."""
    batch = Batch(((7, Kept((Done(3), Claimed(1, 2)))), (8, Failed(Why.FULL, "no"))), ((1, 9),), 4)
    sent = [Welcome(3), batch, Batch((), (), 5)]
    octets = b"".join(map(frame, sent))
    frames, found = Frames(), []
    for cut in cuts:
        found += frames.feed(octets[:cut], from_scribe)
        octets = octets[cut:]
    found += frames.feed(octets, from_scribe)

    assert found == sent


def test_units_are_understood_apart() -> None:
    """The values that went in come out."""
    values = (ClaimRecent(1, 2), SetFlags(1, 2, ((1, 4),), 1, 8, "a"), NOTE)
    sent = frame(Submit(((1, pack(values)),), 0, (pack(NOTE),)))
    hello, submit = Frames().feed(frame(Hello(9)) + sent, from_client)

    assert hello == Hello(9)
    assert isinstance(submit, Submit)
    assert values_decoder.decode(submit.units[0][1]) == values
    assert note_decoder.decode(submit.notes[0]) == NOTE


def test_a_unit_that_cannot_be_packed_fails_with_its_maker() -> None:
    """Not later, with everybody's units."""
    with pytest.raises(UnicodeEncodeError):
        pack((NOTE, Note(b"", 0, "\ud800", b"")))


@pytest.mark.parametrize(
    "octets",
    [
        (FRAME_OCTETS_MAX + 1).to_bytes(4, "big"),
        b"\0\0\0\1\xc1",
        b"\0\0\0\3\x92\xa1x",
        frame(Welcome(1)),
    ],
)
def test_anything_else_ends_the_connection(octets: bytes) -> None:
    """Too long, no msgpack, no message, a message of the other side."""
    with pytest.raises(FrameError):
        Frames().feed(octets, from_client)


def test_the_longest_frame_is_not_too_long() -> None:
    """It is waited for."""
    assert Frames().feed(FRAME_OCTETS_MAX.to_bytes(4, "big"), from_client) == []
    assert msgspec.msgpack.decode(frame(Hello(1))[4:]) == ["Hello", 1, True]
