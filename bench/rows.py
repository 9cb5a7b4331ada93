"""The rows of the comparison: what is run, what is read from it, and what it should come to."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure of a row. `path` leads to it in the workload's answer, as "select.ms"."""

    path: str
    unit: str
    more_is_better: bool = False
    ratio: float | None = None
    """Ours divided by theirs: at least this where more is better, at most this otherwise."""
    limit: float | None = None
    """The same for our figure alone, in its unit."""

    def value(self, figures: dict[str, Any]) -> float | None:
        """The figure, or None where the server refused the command."""
        found: Any = figures
        for step in self.path.split("."):
            found = found.get(step) if isinstance(found, dict) else None
        return float(found) if isinstance(found, int | float) else None

    def met(self, ours: float | None, theirs: float | None) -> bool | None:
        """Whether the aim is reached; None where it cannot be said."""
        if ours is None:
            return None
        if self.limit is not None:
            return ours >= self.limit if self.more_is_better else ours <= self.limit
        if self.ratio is None or not theirs:
            return None
        return ours / theirs >= self.ratio if self.more_is_better else ours / theirs <= self.ratio

    def aim(self) -> str:
        """The aim as people read it."""
        sign = "at least" if self.more_is_better else "at most"
        if self.limit is not None:
            return f"{sign} {self.limit:g} {self.unit}"
        if self.ratio is None:
            return ""
        if not self.more_is_better and self.ratio < 0.1:
            return f"{sign} 1/{1 / self.ratio:.0f}"
        return f"{sign} {self.ratio:g}x"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One workload with its options."""

    key: str
    title: str
    workload: str
    options: tuple[str, ...] = ()
    peers_options: tuple[str, ...] | None = None
    """Where the peers need other ones, as fewer letters for a wait of half a second each."""
    tls: bool = False
    fresh: bool = False
    """On a server that was started just now, so that it knows nobody's password yet."""
    measures: tuple[Measure, ...]


def rate(ratio: float) -> Measure:
    """So many times the peers' work a second."""
    return Measure(path="per_second", unit="/s", more_is_better=True, ratio=ratio)


def cpu(kind: str, ratio: float | None = None) -> Measure:
    """CPU of the server's whole tree for one message, command or log-in."""
    return Measure(path=f"cpu_ms_per_{kind}", unit="ms CPU", ratio=ratio)


def scanned(name: str, ratio: float) -> Measure:
    """The median time of one command over the big mailbox."""
    return Measure(path=f"{name}.ms", unit="ms", ratio=ratio)


BIG = ("--count", "20000")

ROWS = (
    Row(
        key="deliver-50",
        title="deliver 2 KB, 50 sessions, a connection each",
        workload="deliver",
        options=("--count", "5000"),
        measures=(rate(10), cpu("message", 1 / 13)),
    ),
    Row(
        key="deliver-50-kept",
        title="deliver 2 KB, 50 sessions, connections kept",
        workload="deliver",
        options=("--count", "5000", "--keep"),
        measures=(rate(12), cpu("message")),
    ),
    Row(
        key="deliver-1",
        title="deliver 2 KB, 1 session",
        workload="deliver",
        options=("--count", "1000", "--sessions", "1"),
        measures=(rate(3), cpu("message")),
    ),
    Row(
        key="deliver-20k",
        title="deliver 20 KB, 50 sessions",
        workload="deliver",
        options=("--count", "3000", "--size", "20000"),
        measures=(rate(8), cpu("message")),
    ),
    Row(
        key="deliver-1m",
        title="deliver 1 MB, 50 sessions",
        workload="deliver",
        options=("--count", "500", "--size", "1000000"),
        measures=(rate(3), cpu("message")),
    ),
    Row(
        key="deliver-starttls",
        title="deliver 2 KB over STARTTLS, a connection each",
        workload="deliver",
        options=("--count", "3000", "--starttls"),
        peers_options=("--count", "1000", "--starttls"),
        tls=True,
        measures=(rate(4), cpu("message")),
    ),
    Row(
        key="relay-50",
        title="relay 2 KB in, queue, out, 50 sessions, a connection each",
        workload="relay",
        options=("--count", "10000"),
        peers_options=("--count", "5000"),
        measures=(rate(4), cpu("message")),
    ),
    Row(
        key="relay-50-kept",
        title="relay 2 KB in, queue, out, 50 sessions, connections kept",
        workload="relay",
        options=("--count", "10000", "--keep"),
        peers_options=("--count", "5000", "--keep"),
        measures=(rate(4), cpu("message")),
    ),
    Row(
        key="submit",
        title="submission 2 KB with STARTTLS and AUTH to mailboxes, a connection each",
        workload="deliver",
        options=("--count", "8000", "--auth"),
        peers_options=("--count", "1000", "--auth"),
        tls=True,
        measures=(rate(3), cpu("message")),
    ),
    Row(
        key="submit-relay",
        title="submission 2 KB with STARTTLS and AUTH to elsewhere, a connection each",
        workload="relay",
        options=("--count", "8000", "--auth"),
        peers_options=("--count", "1000", "--auth"),
        tls=True,
        measures=(rate(3), cpu("message")),
    ),
    Row(
        key="latency",
        title="accept to EXISTS, idle server",
        workload="latency",
        options=("--count", "200"),
        peers_options=("--count", "20"),
        measures=(
            Measure(path="median_ms", unit="ms median", limit=3),
            Measure(path="p99_ms", unit="ms p99"),
            Measure(path="answer_median_ms", unit="ms to 250"),
        ),
    ),
    Row(
        key="busy",
        title="accept to EXISTS while 50 IMAP clients work",
        workload="busy",
        options=("--count", "1000", "--seconds", "15"),
        measures=(
            Measure(path="p99_ms", unit="ms p99", limit=20),
            Measure(path="answer_p99_ms", unit="ms p99 to 250"),
        ),
    ),
    Row(
        key="idle",
        title="idle IMAP session",
        workload="idle",
        options=("--sessions", "1000"),
        peers_options=("--sessions", "200"),
        measures=(Measure(path="kb_per_session", unit="KB", limit=24),),
    ),
    Row(
        key="idle-tls",
        title="idle IMAP session over TLS",
        workload="idle",
        options=("--sessions", "1000", "--tls"),
        peers_options=("--sessions", "200", "--tls"),
        tls=True,
        measures=(Measure(path="kb_per_session", unit="KB", limit=40),),
    ),
    Row(
        key="mix-10",
        title="IMAP mix, 10 clients",
        workload="commands",
        options=("--sessions", "10"),
        measures=(rate(1), cpu("command", 0.5)),
    ),
    Row(
        key="mix-50",
        title="IMAP mix, 50 clients",
        workload="commands",
        options=("--sessions", "50"),
        measures=(rate(1), cpu("command", 0.5)),
    ),
    Row(
        key="login",
        title="log-ins, 20 at once",
        workload="login",
        options=("--sessions", "20", "--seconds", "3"),
        measures=(rate(1), cpu("login")),
    ),
    Row(
        key="storm",
        title="500 IMAP clients over TLS come back after a restart",
        workload="storm",
        options=("--sessions", "500", "--tls"),
        tls=True,
        fresh=True,
        measures=(
            Measure(path="seconds", unit="s", limit=5),
            Measure(path="refused", unit="refused", limit=0),
            cpu("client"),
        ),
    ),
    Row(
        key="pop3",
        title="POP3 RETR 2 KB, 1 session",
        workload="pop3",
        measures=(
            rate(1),
            cpu("letter"),
            Measure(path="open_ms", unit="ms to open"),
        ),
    ),
    Row(
        key="drop-100k",
        title="POP3 drop of 100,000 letters",
        workload="drop",
        options=("--count", "100000"),
        measures=(
            Measure(path="open_ms", unit="ms to open", limit=300),
            Measure(path="first_ms", unit="ms to open first"),
            Measure(path="list_ms", unit="ms LIST"),
            Measure(path="uidl_ms", unit="ms UIDL"),
        ),
    ),
    Row(
        key="append",
        title="APPEND 2 KB, 50 at once",
        workload="fill",
        options=BIG,
        measures=(rate(2), cpu("message")),
    ),
    Row(
        key="scan",
        title="mailbox of 20,000",
        workload="scan",
        measures=(
            Measure(path="select.ms", unit="ms", limit=3),
            Measure(path="select.first_ms", unit="ms", limit=30),
            scanned("fetch_flags", 1),
            scanned("fetch_envelope_10k", 0.5),
            scanned("fetch_headers_10k", 1),
            scanned("fetch_1000_bodies", 1),
            scanned("fetch_structure_1000", 1),
            scanned("store_all", 2),
            scanned("unstore_all", 2),
            scanned("search_from", 0.2),
            scanned("search_since", 0.2),
            scanned("search_unseen", 1),
            scanned("search_body_word", 0.1),
            scanned("sort_subject", 0.5),
            scanned("thread", 0.5),
        ),
    ),
)
