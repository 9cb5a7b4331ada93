"""What can be configured of the embedded store. Every limit of it is here, named with its unit."""

from dataclasses import dataclass

from posthouse.base.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """[store.limits] - how much the store takes, keeps and waits."""

    commit_units_max: int = setting(
        256, "Units of work that share one commit at most.", least=1, most=10_000
    )
    mailboxes_max: int = setting(
        10_000, "Mailboxes that one account can have.", least=10, most=1_000_000
    )
    disk_reserve_octets: int = setting(
        256 * 1024 * 1024,
        "Free disk below which new letters are refused for now; deletions go on.",
        least=0,
    )
    wal_soft_octets: int = setting(
        64 * 1024 * 1024,
        "Size of the write-ahead log from which on it is copied back between two commits.",
        least=1024 * 1024,
    )
    wal_octets_max: int = setting(
        256 * 1024 * 1024,
        "Size of the write-ahead log from which on the scribe waits for slow readers.",
        least=4 * 1024 * 1024,
    )
    note_seconds_max: float = setting(
        1.0, "How long trace rows wait for a commit to ride on.", least=0.0, most=60.0
    )
    notes_max: int = setting(
        10_000, "Trace rows that wait at most; more are dropped.", least=0, most=1_000_000
    )
    away_seconds_max: float = setting(
        20.0,
        "How long a unit of work waits for a scribe that is away before it is given up.",
        least=1.0,
        most=300.0,
    )
    client_buffer_octets_max: int = setting(
        64 * 1024 * 1024,
        "Answers that wait for a client of the scribe; one that reads slower is dropped.",
        least=1024 * 1024,
    )
    body_grace_seconds: int = setting(
        3600, "How long octets that no letter names stay readable.", least=0
    )
    tombstone_days: int = setting(
        30, "How long expunged UIDs are remembered for QRESYNC.", least=1, most=3650
    )
    change_days: int = setting(
        30, "How long changes can be looked up and taken back.", least=1, most=3650
    )
    trace_days: int = setting(14, "How long the ways of letters are kept.", least=1, most=3650)
    logins_max: int = setting(
        100,
        "Rows of the log-in history that an account has at most, of those let in and of those "
        "refused each; log-ins that are alike share a row.",
        least=1,
        most=10_000,
    )
    login_days: int = setting(90, "How long log-ins are remembered.", least=1, most=3650)
    sweep_rows_max: int = setting(
        500, "Rows that one step of the sweep touches between two commits.", least=1, most=100_000
    )
