"""What is said between the scribe and those who write: frames of a 4-octet length and msgpack, both
ways.

A client says who it is (`Hello`) and submits units with growing numbers; the scribe answers each
number once it is decided. A client whose connection broke says Hello again with the same writer id
and submits again all that was not answered: numbers that were decided are answered from the record
and never applied twice. So asking "did it commit?" and submitting are one message. `acked` tells
the scribe which answers have arrived and need not be recorded any longer.
"""

from typing import Final, TypeVar

import msgspec

from posthouse.store.sqlite.ledger import Failed, Kept, Outcome
from posthouse.store.values import AnyValue, Noted

FRAME_OCTETS_MAX: Final = 64 * 1024 * 1024
"""A unit larger than this is refused by the client, a longer frame ends the connection."""
LENGTH_OCTETS: Final = 4
SOCKET_NAME: Final = "scribe.sock"


class Hello(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """First on every connection. `writer` was drawn by chance; it stays when the client connects
    again.
    """

    writer: int
    wants_notices: bool = True


class Submit(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Units to be committed, and notes that nobody waits for."""

    units: tuple[tuple[int, msgspec.Raw], ...]
    """(number, packed values): numbers of one writer only grow. Packed apart, so that a unit that
    cannot be packed or understood is its own caller's loss and not the connection's."""
    acked: int
    """Every number up to this one was answered."""
    notes: tuple[msgspec.Raw, ...] = ()
    """Packed, `Noted` each."""


class Welcome(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The scribe is there; `last` is the last number of this writer that was decided."""

    last: int


class Batch(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """What became of units, which accounts changed (account, MODSEQ), and the directory's epoch."""

    answers: tuple[tuple[int, Outcome], ...]
    notices: tuple[tuple[int, int], ...]
    epoch: int


FromClient = Hello | Submit
FromScribe = Welcome | Batch
Record = tuple[tuple[int, Outcome], ...]
"""`unit.results`: decided numbers of a writer whose answers it has not confirmed."""

_Decoded = TypeVar("_Decoded")
_encoder: Final = msgspec.msgpack.Encoder()
from_client: Final[msgspec.msgpack.Decoder[FromClient]] = msgspec.msgpack.Decoder(FromClient)
from_scribe: Final[msgspec.msgpack.Decoder[FromScribe]] = msgspec.msgpack.Decoder(FromScribe)
record_decoder: Final[msgspec.msgpack.Decoder[Record]] = msgspec.msgpack.Decoder(Record)
values_decoder: Final[msgspec.msgpack.Decoder[tuple[AnyValue, ...]]] = msgspec.msgpack.Decoder(
    tuple[AnyValue, ...]
)
note_decoder: Final[msgspec.msgpack.Decoder[Noted]] = msgspec.msgpack.Decoder(Noted)
encode: Final = _encoder.encode


def pack(value: tuple[AnyValue, ...] | Noted) -> msgspec.Raw:
    """A unit or note as it stands in `Submit`. Raises what msgspec raises for what cannot be
    packed.
    """
    return msgspec.Raw(_encoder.encode(value))


class FrameError(Exception):
    """The other side speaks something else; nothing that follows can be understood."""


def frame(message: FromClient | FromScribe) -> bytes:
    """The message with its length before it."""
    buffer = bytearray(LENGTH_OCTETS)
    _encoder.encode_into(message, buffer, LENGTH_OCTETS)
    buffer[:LENGTH_OCTETS] = (len(buffer) - LENGTH_OCTETS).to_bytes(LENGTH_OCTETS, "big")
    return bytes(buffer)


class Frames:
    """Collects octets and gives whole frames, decoded."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(
        self, data: bytes | memoryview, decoder: msgspec.msgpack.Decoder[_Decoded]
    ) -> list[_Decoded]:
        """Messages that are complete now. Raises FrameError."""
        buffer = self._buffer
        buffer += data
        found: list[_Decoded] = []
        at, end = 0, len(buffer)
        view = memoryview(buffer)
        try:
            while end - at >= LENGTH_OCTETS:
                length = int.from_bytes(view[at : at + LENGTH_OCTETS], "big")
                if length > FRAME_OCTETS_MAX:
                    raise FrameError(f"a frame of {length} octets")
                if end - at - LENGTH_OCTETS < length:
                    break
                at += LENGTH_OCTETS
                try:
                    # A copy, since what is left packed in the message points into it.
                    found.append(decoder.decode(bytes(view[at : at + length])))
                except (msgspec.DecodeError, msgspec.ValidationError) as error:
                    raise FrameError(str(error)) from error
                at += length
        finally:
            view.release()
        del buffer[:at]
        return found


__all__ = ["Batch", "Failed", "Frames", "Hello", "Kept", "Submit", "Welcome", "frame"]
