"""Parts without their transfer encoding: BINARY."""

import base64
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from imap_station_talk import Talk, check, played
from posthouse.mail.structure import pack, parse
from posthouse.read.imap import binary
from posthouse.wire.imap.commands import BinarySection
from talk import Cutter
from turn import run_now


@played("binary*")
def test_talk(talk: Talk, cut: Cutter, slow: bool, tmp_path: Path) -> None:
    """The house says what the transcript says, however the network cuts and the store waits."""
    check(talk, tmp_path, cut, slow=slow)


async def in_pieces(section: BinarySection, octets: bytes, parts: bytes) -> bytes:
    """As a large letter's part goes out."""
    coded = binary.coded_of(section, len(octets), parts)
    assert coded is not None

    async def read(start: int, count: int) -> bytes:
        return octets[start : start + count]

    head, wanted = await binary.announced(section, coded, read)
    found = [head]
    if wanted:
        found += [piece async for piece in binary.chosen(coded, read, wanted)]
    return b"".join(found)


PARTIALS = st.none() | st.tuples(st.integers(0, 400), st.integers(1, 400))


@given(st.binary(max_size=300), PARTIALS, st.booleans(), st.sampled_from([(), (1,)]))
def test_large_and_held_letters_give_the_same(
    body: bytes, partial: tuple[int, int] | None, size_only: bool, part: tuple[int, ...]
) -> None:
    """Size, head and octets do not depend on how the letter is kept."""
    octets = b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(body)
    parts = pack(parse(octets))
    section = BinarySection(True, part, None if size_only else partial, size_only, b"")

    held = binary.binary_string(section, octets, parts)

    assert held == run_now(in_pieces(section, octets, parts))
