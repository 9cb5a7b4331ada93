"""Who hears of changes."""

from posthouse.store.sqlite.watches import Watches


def test_only_the_account_s_watchers_are_told() -> None:
    """Each with the MODSEQ."""
    watches, heard = Watches(), []
    watches.add(1, lambda modseq: heard.append(("a", modseq)))
    watches.add(1, lambda modseq: heard.append(("b", modseq)))
    watches.add(2, lambda modseq: heard.append(("c", modseq)))

    watches.tell(1, 9)
    watches.tell(3, 9)

    assert heard == [("a", 9), ("b", 9)]


def test_no_call_comes_after_cancel() -> None:
    """Also when one watcher cancels another in the same round."""
    watches, heard = Watches(), []
    entries = [watches.add(1, lambda modseq: (heard.append(modseq), entries[1].cancel()))]
    entries.append(watches.add(1, heard.append))

    watches.tell(1, 5)
    entries[1].cancel()
    entries[0].cancel()
    watches.tell(1, 6)

    assert heard == [5]
