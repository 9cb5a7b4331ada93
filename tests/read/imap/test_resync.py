"""Clients that come back with what they knew: QRESYNC."""

from pathlib import Path

import pytest

from imap_station_talk import Talk, check, played
from posthouse.read.imap.resync import _not_in, _proven
from talk import Cutter


@played("resync*")
def test_talk(talk: Talk, cut: Cutter, slow: bool, tmp_path: Path) -> None:
    """The house says what the transcript says, however the network cuts and the store waits."""
    check(talk, tmp_path, cut, slow=slow)


@pytest.mark.parametrize(
    ("ranges", "uids", "left"),
    [
        (((1, 9),), [], ((1, 9),)),
        (((1, 9),), [1, 9], ((2, 8),)),
        (((1, 9),), [4, 5], ((1, 3), (6, 9))),
        (((1, 2), (5, 5), (7, 8)), [2, 5, 6], ((1, 1), (7, 8))),
        ((), [2], ()),
    ],
)
def test_gone_is_what_is_not_there(
    ranges: tuple[tuple[int, int], ...], uids: list[int], left: tuple[tuple[int, int], ...]
) -> None:
    """UIDs of the view are cut out of ranges, at ends and amid them."""
    assert _not_in(ranges, uids) == left


@pytest.mark.parametrize(
    ("numbers", "known", "proven"),
    [
        (((1, 3),), ((10, 12),), 12),
        (((1, 2), (4, 4)), ((10, 10), (12, 13)), 10),
        (((9, 9),), ((10, 10),), 0),
        (((2, 2),), ((12, 12),), 0),
    ],
)
def test_a_known_pair_proves_all_before_it(
    numbers: tuple[tuple[int, int], ...], known: tuple[tuple[int, int], ...], proven: int
) -> None:
    """The highest UID whose number is still the client's; 0 when there is none."""
    assert _proven([10, 11, 12], numbers, known) == proven
