"""Counters of all processes in one page."""

import os

import pytest

from posthouse.base.metrics import METRICS, ROWS_MAX, Metrics


def test_a_child_counts_in_the_parents_page() -> None:
    """What a forked process counts, its parent shows."""
    metrics = Metrics()
    mine = metrics.row(0)
    mine.add("logins_total", 2)
    child = os.fork()
    if child == 0:
        metrics.row(1).add("logins_total", 40)
        os._exit(0)
    os.waitpid(child, 0)

    assert metrics.total("logins_total") == 42
    assert metrics.of(1, "logins_total") == 40


def test_gauges_begin_anew_and_counters_count_on() -> None:
    """A process started again has no sessions, but its predecessor's counts."""
    metrics = Metrics()
    row = metrics.row(3)
    row.add("imap_sessions", 7)
    row.add("logins_total", 7)
    row.set("wal_octets", 9)
    metrics.row(3)

    assert metrics.of(3, "imap_sessions") == 0
    assert metrics.of(3, "wal_octets") == 0
    assert metrics.of(3, "logins_total") == 7


def test_there_are_only_so_many_rows() -> None:
    """A row beyond the page is a fault of ours."""
    with pytest.raises(AssertionError):
        Metrics().row(ROWS_MAX)


def test_names_say_their_kind() -> None:
    """Counters end in _total, as Prometheus wants; names are unique."""
    assert len({m.name for m in METRICS}) == len(METRICS)
    assert all(m.name.endswith("_total") == (m.kind == "counter") for m in METRICS)
