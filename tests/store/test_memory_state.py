"""The copy that a unit works on, and ranges of UIDs."""

import pytest

from posthouse.store.contract import StoreFailure
from posthouse.store.memory_state import Box, Resident, Site, Work, chosen, ranges_of
from posthouse.store.values import Ranges, Why


@pytest.mark.parametrize(
    ("uids", "ranges"),
    [
        ([], ()),
        ([5], ((5, 5),)),
        ([1, 2, 3], ((1, 3),)),
        ([1, 3, 4, 9], ((1, 1), (3, 4), (9, 9))),
    ],
)
def test_uids_become_ranges(uids: list[int], ranges: Ranges) -> None:
    """Neighbours join, gaps part."""
    assert ranges_of(uids) == ranges


@pytest.mark.parametrize(
    ("ranges", "uids"),
    [
        ((), []),
        (((1, 9),), [2, 3, 5, 8]),
        (((1, 1), (4, 4), (9, 20)), []),
        (((2, 2), (4, 5), (8, 8)), [2, 5, 8]),
    ],
)
def test_ranges_choose_letters(ranges: Ranges, uids: list[int]) -> None:
    """Those that exist and are in a range, borders included."""
    box = Box(1, "INBOX", 1, letters=dict.fromkeys((2, 3, 5, 8)))  # type: ignore[arg-type]

    assert chosen(box, ranges) == uids


def test_work_changes_only_its_copy() -> None:
    """What a unit does to its account and site is not seen in the site it began with."""
    site = Site(residents={1: Resident(1, "a@x", "a@x", 0, boxes={1: Box(1, "INBOX", 1)})})
    work = Work(site, now=7)
    work.box(1, 1).uidnext = 9
    work.resident(1).threads[5] = 6
    work.site.leases["x"] = ("me", 3)
    work.modseq(1)
    work.new_uidvalidity()

    assert site == Site(residents={1: Resident(1, "a@x", "a@x", 0, boxes={1: Box(1, "INBOX", 1)})})
    assert work.box(1, 1).uidnext == 9


def test_one_modseq_a_unit() -> None:
    """A unit has one MODSEQ in an account, however often it asks."""
    work = Work(Site(residents={1: Resident(1, "a@x", "a@x", 0)}), now=7)

    assert work.modseq(1) == work.modseq(1) == 2
    assert work.changed_accounts() == {1: 2}


def test_what_is_not_there() -> None:
    """No account is GONE; no mailbox, or one of no account, is NO_MAILBOX."""
    work = Work(Site(residents={1: Resident(1, "a@x", "a@x", 0)}), now=7)

    with pytest.raises(StoreFailure) as gone:
        work.resident(2)
    assert gone.value.why is Why.GONE
    for account in (1, 2):
        with pytest.raises(StoreFailure) as nowhere:
            work.box(account, 1)
        assert nowhere.value.why is Why.NO_MAILBOX
