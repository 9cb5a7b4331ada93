"""A maildrop's numbers, sizes, ids and marks."""

from array import array

from hypothesis import given
from hypothesis import strategies as st

from posthouse.wire.pop3.drop import Drop


def drop_of(*uids: int) -> Drop:
    return Drop(7, array("I", uids), array("I", [10 * uid for uid in uids]))


def test_marks_hide_a_message() -> None:
    """Counts and lines leave marked messages out; the numbers of the others stay."""
    drop = drop_of(3, 5, 9)
    drop.delete(2)

    assert (drop.count, drop.octets, len(drop)) == (2, 120, 3)
    assert [drop.has(number) for number in range(5)] == [False, True, False, True, False]
    assert drop.scan(1, 3) == b"1 30\r\n3 90\r\n"
    assert drop.scan_ids(1, 3) == b"1 0000000700000003\r\n3 0000000700000009\r\n"
    assert drop.unique_id(2) == b"0000000700000005"


def test_reset_takes_all_marks_off() -> None:
    """After RSET the drop is as it was."""
    drop = drop_of(3, 5, 9)
    drop.delete(1)
    drop.delete(3)
    drop.reset()

    assert (drop.count, drop.octets, drop.gone()) == (3, 170, ())


@given(st.sets(st.integers(1, 200), max_size=60), st.data())
def test_marked_letters_are_in_the_ranges_and_no_other(
    found: set[int], data: st.DataObject
) -> None:
    """The ranges hold every marked letter and none that is not marked."""
    uids = sorted(found)
    drop = drop_of(*uids)
    marked = data.draw(st.sets(st.sampled_from(range(1, len(uids) + 1)))) if uids else set()
    for number in marked:
        drop.delete(number)
        drop.fetched[number - 1] = 1
    inside = {uid for uid in uids for first, last in drop.gone() if first <= uid <= last}

    assert inside == {uids[number - 1] for number in marked}
    assert drop.gone() == drop.seen() == tuple(sorted(drop.gone()))
