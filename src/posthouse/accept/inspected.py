"""The octets of a letter that one of our own people sends: looked at before they go on.

The header is held until it is whole, judged, completed and passed on; what follows goes through as
it comes, only the length of its lines is measured. RFC 6409 8
"""

from collections.abc import Awaitable, Callable
from typing import Final

from posthouse.base.errors import Refusal
from posthouse.decide.inspector import broken
from posthouse.mail.lines import LineMeter

HEADER_END: Final = b"\r\n\r\n"


class InspectedOctets:
    """One letter's. `judge` gives the header as it shall leave, or raises Refusal."""

    __slots__ = ("_header_max", "_held", "_judge", "_line_max", "_meter", "_passed", "_searched")

    def __init__(
        self,
        judge: Callable[[bytes], Awaitable[bytes]],
        *,
        header_octets_max: int,
        line_octets_max: int,
        is_binary: bool,
    ) -> None:
        self._judge = judge
        self._header_max = header_octets_max
        self._line_max = line_octets_max
        self._meter = None if is_binary else LineMeter(line_octets_max)
        self._held = b""
        self._searched = 0
        self._passed = False

    @property
    def held_octets(self) -> int:
        """Octets that wait here for the end of the header."""
        return len(self._held)

    async def take(self, data: bytes, *, is_last: bool = False) -> bytes:
        """What may go on. Raises Refusal; then nothing of the letter may."""
        if self._passed:
            self._measure(data)
            return data
        held = self._held = self._held + data if self._held else data
        if held.startswith(b"\r\n"):
            end = 0
        else:
            end = held.find(HEADER_END, self._searched)
            self._searched = max(0, len(held) - 3)
            end = end + 2 if end >= 0 else -1
        if max(end, 0 if end >= 0 else len(held)) > self._header_max:
            raise broken("header", f"it has at most {self._header_max} octets, found more")
        if end < 0:
            if not is_last:
                return b""
            # RFC 5322 3.5: a letter may be a header alone; the empty line makes it plain.
            held += b"\r\n"
            end = len(held) - 2
        self._passed = True
        self._held = b""
        rest = held[end:]
        self._measure(rest)
        return await self._judge(held[:end]) + rest

    def _measure(self, data: bytes) -> None:
        if self._meter is not None and not self._meter.take(data):
            raise Refusal(
                550,
                "5.6.0",
                f"text: a line has at most {self._line_max} octets, found a longer one; "
                "send it as quoted-printable or base64",
                "long line in the text",
            )
