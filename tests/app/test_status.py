"""What status tells, and how it is asked for."""

import socket
import threading
from pathlib import Path

from posthouse.app.status import (
    CONTROL_NAME,
    ProcessStatus,
    Rates,
    Status,
    answer_all,
    as_json,
    as_text,
    ask_status,
    sessions,
    sessions_of,
    store_octets,
    totals,
)
from posthouse.base.clock import SetClock
from posthouse.base.metrics import Metrics

STATUS = Status(
    version="1",
    hostname="mail.example.org",
    data="/srv/mail",
    config="",
    supervisor=1,
    scribe=2,
    workers=[3, 4],
    processes=[ProcessStatus("worker", 0, 3, True, 1.0, 0)],
    listeners={"smtp": ["127.0.0.1:25", "[::1]:25"]},
    sessions={"smtp": 3},
    rates={"connections": 0.5, "logins": 0.0},
    totals={"connections_total": 9},
    store={"database_octets": 1_500_000},
    uptime_seconds=93_784,
)


def test_rates_are_means_over_the_samples_kept() -> None:
    """Counters a second; older samples fall out."""
    metrics, clock = Metrics(), SetClock()
    rates = Rates(metrics, clock)
    row = metrics.row(2)
    row.add("connections_total", 100)
    clock.advance(10)
    assert rates.rates()["connections"] == 10
    for _ in range(20):
        clock.advance(5)
        rates.sample()
    assert rates.rates()["connections"] == 0


def test_figures_of_the_page() -> None:
    """Sessions by protocol and by process; microseconds are shown as seconds."""
    metrics = Metrics()
    metrics.row(2).add("smtp_sessions", 3)
    metrics.row(3).add("imap_sessions", 2)
    metrics.row(1).add("commit_seconds_total", 2_500_000)

    assert {k: n for k, n in sessions(metrics).items() if n} == {"smtp": 3, "imap": 2}
    assert sessions_of(metrics, 2) == 3
    assert totals(metrics)["commit_seconds_total"] == 2.5


def test_sizes_of_files_that_are_there(tmp_path: Path) -> None:
    """What is missing is left out."""
    (tmp_path / "mail.db").write_bytes(bytes(100))

    assert store_octets(tmp_path) == {"database_octets": 100}


def test_asking_and_answering(tmp_path: Path) -> None:
    """Each who connects gets the whole document; without a server the answer is None."""
    assert ask_status(tmp_path) is None
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / CONTROL_NAME))
        listener.listen(4)
        listener.setblocking(False)
        found: list[Status | None] = []
        asking = threading.Thread(target=lambda: found.append(ask_status(tmp_path)))
        asking.start()
        while asking.is_alive():
            answer_all(listener, as_json(STATUS))
            asking.join(0.01)
    assert found == [STATUS]


def test_nonsense_instead_of_a_status(tmp_path: Path) -> None:
    """Another program on that socket is no server of ours."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / CONTROL_NAME))
        listener.listen(4)
        listener.setblocking(False)
        found: list[Status | None] = []
        asking = threading.Thread(target=lambda: found.append(ask_status(tmp_path)))
        asking.start()
        while asking.is_alive():
            answer_all(listener, b"nonsense")
            asking.join(0.01)
    assert found == [None]


def test_for_people() -> None:
    """A line a matter, what is zero left out."""
    text = as_text(STATUS)

    assert "posthouse 1 on mail.example.org, up 1 d 2 h" in text
    assert "supervisor 1   scribe 2   workers 3, 4" in text
    assert "smtp         127.0.0.1:25, [::1]:25" in text
    assert "connections 30" in text
    assert "logins" not in text
