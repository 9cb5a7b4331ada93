"""Counters and gauges of all processes in one shared page, so that any process can show them all.

The supervisor makes the page before it forks; each process writes only its own row, so no lock is
needed.
A process that dies keeps its counts: the next one with the same row counts on, but gauges start at
0.
"""

import mmap
import struct
from dataclasses import dataclass
from typing import Final

ROWS_MAX: Final = 130
"""Processes that can have a row: supervisor 0, scribe 1, workers from 2."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure. `kind` is "counter" or "gauge"; the unit ends the name (Prometheus' habit)."""

    name: str
    kind: str
    meaning: str


METRICS: Final = (
    Metric("connections_total", "counter", "Connections accepted."),
    Metric("connections_refused_total", "counter", "Connections refused by a limit."),
    Metric("tls_handshakes_total", "counter", "TLS handshakes that stood."),
    Metric("tls_failures_total", "counter", "TLS handshakes that failed."),
    Metric("smtp_sessions", "gauge", "SMTP sessions open now."),
    Metric("imap_sessions", "gauge", "IMAP sessions open now."),
    Metric("pop3_sessions", "gauge", "POP3 sessions open now."),
    Metric("http_requests_total", "counter", "HTTP requests answered."),
    Metric("letters_accepted_total", "counter", "Letters answered with 250 after DATA or BDAT."),
    Metric("letters_refused_total", "counter", "Letters refused after DATA or BDAT."),
    Metric("recipients_refused_total", "counter", "RCPT commands refused."),
    Metric("octets_accepted_total", "counter", "Octets of accepted letters."),
    Metric("octets_in_flight", "gauge", "Octets of letters being received."),
    Metric("imap_commands_total", "counter", "IMAP commands answered."),
    Metric("pop3_letters_total", "counter", "Letters sent by POP3 RETR and TOP."),
    Metric("pop3_deleted_total", "counter", "Letters deleted by POP3 QUIT."),
    Metric("logins_total", "counter", "Log-ins that succeeded."),
    Metric("logins_failed_total", "counter", "Log-ins that failed."),
    Metric("faults_total", "counter", "Faults of ours that reached a peer as a temporary error."),
    Metric("units_committed_total", "counter", "Units of work committed by the scribe."),
    Metric("units_failed_total", "counter", "Units of work that failed in the scribe."),
    Metric("commits_total", "counter", "Transactions committed, each one sync."),
    Metric("commit_seconds_total", "counter", "Microseconds spent in commits, shown as seconds."),
    Metric("wal_octets", "gauge", "Size of the write-ahead log."),
    Metric("queue_jobs", "gauge", "Letters of the queue in hand of this worker."),
    Metric("relay_sessions", "gauge", "Connections to other servers open now."),
    Metric("recipients_relayed_total", "counter", "Recipients another server took."),
    Metric("recipients_deferred_total", "counter", "Recipients to be tried again."),
    Metric("recipients_bounced_total", "counter", "Recipients another server refused for good."),
    Metric("destinations_out_of_reach_total", "counter", "Destinations found unreachable."),
    Metric("reports_total", "counter", "Delivery reports written to senders."),
    Metric("restarts_total", "counter", "Processes started again after they died."),
    Metric("submission_sessions", "gauge", "Submission sessions open now."),
    Metric("lmtp_sessions", "gauge", "LMTP sessions open now."),
    Metric("submissions_accepted_total", "counter", "Accepted letters that our own people sent."),
    Metric("headers_refused_total", "counter", "Letters refused by the inspector of the header."),
    Metric("senders_refused_total", "counter", "Letters refused for a sender not the user's."),
    Metric("limits_reached_total", "counter", "Senders or recipients put off by a user's limits."),
    Metric("lmtp_answers_refused_total", "counter", "Recipients refused after an LMTP letter."),
)
_INDEX: Final = {metric.name: number for number, metric in enumerate(METRICS)}
_ROW_OCTETS: Final = 8 * 64


class Metrics:
    """The shared page. `row(n)` is the part of one process."""

    __slots__ = ("_page",)

    def __init__(self) -> None:
        assert len(METRICS) * 8 <= _ROW_OCTETS
        self._page = mmap.mmap(-1, ROWS_MAX * _ROW_OCTETS)  # anonymous and shared over fork

    def row(self, number: int) -> "Row":
        """The writer of process `number`; its gauges begin at zero."""
        row = Row(self._page, number)
        for index, metric in enumerate(METRICS):
            if metric.kind == "gauge":
                row.values[index] = 0
        return row

    def total(self, name: str) -> int:
        """The sum over all processes."""
        offset = _INDEX[name] * 8
        return sum(
            struct.unpack_from("<q", self._page, number * _ROW_OCTETS + offset)[0]
            for number in range(ROWS_MAX)
        )

    def of(self, number: int, name: str) -> int:
        """The figure of one process."""
        value: int = struct.unpack_from("<q", self._page, number * _ROW_OCTETS + _INDEX[name] * 8)[
            0
        ]
        return value


class Row:
    """One process's figures; adding costs a dictionary look-up and an integer."""

    __slots__ = ("values",)

    def __init__(self, page: mmap.mmap, number: int) -> None:
        assert 0 <= number < ROWS_MAX
        start = number * _ROW_OCTETS
        self.values = memoryview(page)[start : start + _ROW_OCTETS].cast("q")

    def add(self, name: str, amount: int = 1) -> None:
        """Counts up (or, for gauges, down)."""
        self.values[_INDEX[name]] += amount

    def set(self, name: str, value: int) -> None:
        """Sets a gauge."""
        self.values[_INDEX[name]] = value
