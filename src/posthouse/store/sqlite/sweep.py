"""What is not needed any more goes, in slices, while nobody waits for the scribe.

Bodies that no letter names (after a time of grace, since a session may be reading them), rows of
removed accounts, tombstones and changes whose time is over (then `log_floor` says so), old days of
the trace, files that no row names.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final

from posthouse.base.clock import Clock
from posthouse.base.log import Log
from posthouse.store.bodies_file import BodyFiles
from posthouse.store.sqlite.context import DAY_SECONDS
from posthouse.store.sqlite.database import Database
from posthouse.store.sqlite.ledger import Ledger
from posthouse.store.sqlite.writers import FORGET_SECONDS
from posthouse.store.sqlite.writes_mail import KEY_SHIFT

ROUND_SECONDS: Final = 3600
"""How often everything is looked through."""
ROUND_SECONDS_FIRST: Final = 60
"""A scribe that has just started has more urgent things to do."""
FILE_GRACE_SECONDS: Final = 86_400
"""A file that no row names may be one whose unit is on its way."""

UNNAMED: Final = (
    "NOT EXISTS (SELECT 1 FROM email WHERE email.body=body.id)"
    " AND NOT EXISTS (SELECT 1 FROM queue_letter WHERE queue_letter.body=body.id)"
)


class Sweep:
    """`step` does one slice in a transaction of its own; `has_work` says whether there is one."""

    def __init__(self, ledger: Ledger, *, clock: Clock, log: Log) -> None:
        self._ledger = ledger
        self._settings = ledger.settings
        self._clock = clock
        self._log = log
        self._files = BodyFiles(ledger.data)
        self._suspects: deque[tuple[float, bytes]] = deque()
        """Bodies that were unnamed, with the time when they may go."""
        self._round: Iterator[None] | None = None
        self._round_due = clock.monotonic() + ROUND_SECONDS_FIRST

    @property
    def has_work(self) -> bool:
        """Whether a step would do something now."""
        now = self._clock.monotonic()
        return (
            self._round is not None
            or now >= self._round_due
            or bool(self._ledger.unnamed)
            or bool(self._suspects and self._suspects[0][0] <= now)
        )

    def step(self) -> None:
        """One slice."""
        now = self._clock.monotonic()
        if self._ledger.unnamed:
            self._suspect(self._ledger.unnamed)
            self._ledger.unnamed = []
        if self._suspects and self._suspects[0][0] <= now:
            self._sweep_bodies(now)
            return
        if self._round is None and now >= self._round_due:
            self._round = self.round()
        if self._round is not None and next(self._round, self) is self:
            self._round = None
            self._round_due = now + ROUND_SECONDS

    def round(self) -> Iterator[None]:
        """Looks through everything once; each step is one short transaction."""
        yield from self._removed_accounts()
        yield from self._expired()
        yield from self._old_days()
        yield from self._old_rows()
        yield from self._old_logins()
        yield from self._unnamed_bodies()
        yield from self._unnamed_files()

    def _suspect(self, bodies: list[bytes]) -> None:
        due = self._clock.monotonic() + self._settings.body_grace_seconds
        self._suspects.extend((due, body) for body in bodies)

    def _sweep_bodies(self, now: float) -> None:
        bodies: list[bytes] = []
        while (
            self._suspects
            and self._suspects[0][0] <= now
            and len(bodies) < self._settings.sweep_rows_max
        ):
            bodies.append(self._suspects.popleft()[1])
        files: list[bytes] = []

        def sweep(db: Database) -> None:
            statement = f"DELETE FROM body WHERE id=? AND {UNNAMED} RETURNING octets IS NULL"
            files.extend(body for body in bodies if db.execute(statement, (body,)).get)

        if self._ledger.transact(sweep):
            for body in files:  # after the commit: never a row without its file
                self._files.remove(body)

    def _removed_accounts(self) -> Iterator[None]:
        most = self._settings.sweep_rows_max
        while True:
            account = self._ledger.db.execute(
                "SELECT id FROM account WHERE address IS NULL LIMIT 1"
            ).get
            if account is None:
                return
            first, last = account << KEY_SHIFT, (account + 1 << KEY_SHIFT) - 1
            for table, columns in (
                ("placement", "mailbox, uid"),
                ("tombstone", "mailbox, uid"),
                ("change", "modseq, mailbox, kind"),
                ("thread_key", "hash"),
            ):
                yield from self._delete_of(account, table, columns)
            while True:
                bodies: list[bytes] = []

                def emails(
                    db: Database, first: int = first, last: int = last, found: list[bytes] = bodies
                ) -> None:
                    rows = db.execute(
                        "DELETE FROM email WHERE key IN (SELECT key FROM email"
                        " WHERE key BETWEEN ? AND ? LIMIT ?) RETURNING body",
                        (first, last, most),
                    ).fetchall()
                    found.extend(row[0] for row in rows)

                if not self._ledger.transact(emails):
                    return  # no disk perhaps; the next round tries again
                self._suspect(bodies)
                yield
                if len(bodies) < most:
                    break
            gone = account

            def last_row(db: Database, gone: int = gone) -> None:
                db.execute("DELETE FROM account WHERE id=?", (gone,))

            if not self._ledger.transact(last_row):
                return
            yield

    def _delete_of(self, account: int, table: str, columns: str) -> Iterator[None]:
        """All rows of an account in one table, in slices."""
        most = self._settings.sweep_rows_max
        statement = (
            f"DELETE FROM {table} WHERE account=? AND ({columns}) IN"
            f" (SELECT {columns} FROM {table} WHERE account=? LIMIT ?) RETURNING 1"
        )
        while True:
            counted = [0]

            def delete(db: Database, counted: list[int] = counted) -> None:
                counted[0] = len(db.execute(statement, (account, account, most)).fetchall())

            if not self._ledger.transact(delete) or counted[0] < most:
                return
            yield

    def _expired(self) -> Iterator[None]:
        """Changes and tombstones whose time is over. `log_floor` rises to the last MODSEQ that lost
        one.
        """
        account = 0
        while True:
            account = self._ledger.db.execute(
                "SELECT id FROM account WHERE id>? AND address NOT NULL ORDER BY id LIMIT 1",
                (account,),
            ).get
            if account is None:
                return
            while self._expire(account):
                yield
            yield

    def _expire(self, account: int) -> bool:
        """One slice of one account; whether there may be more."""
        now, most = int(self._clock.now()), self._settings.sweep_rows_max
        db = self._ledger.db
        old = now - self._settings.change_days * DAY_SECONDS
        changes = db.execute(
            "SELECT modseq FROM change WHERE account=? AND written<? ORDER BY modseq LIMIT ?",
            (account, old, most),
        ).fetchall()
        tombs = db.execute(
            "SELECT modseq, mailbox, uid FROM tombstone WHERE account=? AND until<? LIMIT ?",
            (account, now, most),
        ).fetchall()
        if not changes and not tombs:
            return False
        floor = max(row[0] for row in [*changes, *tombs])

        def expire(db: Database) -> None:
            db.execute(
                "UPDATE account SET log_floor=max(log_floor, ?) WHERE id=?", (floor, account)
            )
            if changes:
                db.execute(
                    "DELETE FROM change WHERE account=? AND modseq<=? AND written<?",
                    (account, changes[-1][0], old),
                )
            db.executemany(
                "DELETE FROM tombstone WHERE account=? AND mailbox=? AND uid=?",
                [(account, mailbox, uid) for _, mailbox, uid in tombs],
            )

        return self._ledger.transact(expire) and max(len(changes), len(tombs)) == most

    def _old_days(self) -> Iterator[None]:
        oldest = int(self._clock.now()) // DAY_SECONDS - self._settings.trace_days
        days = self._ledger.db.execute("SELECT day FROM trace_day WHERE day<?", (oldest,))
        for (day,) in days.fetchall():

            def drop(db: Database, day: int = day) -> None:
                db.execute(f"DROP TABLE trace_{day:d}")
                db.execute("DELETE FROM trace_day WHERE day=?", (day,))

            self._ledger.trace_days.discard(day)
            self._ledger.transact(drop)
            yield

    def _old_rows(self) -> Iterator[None]:
        """Writers that are long gone, leases long over."""
        old = int(self._clock.now()) - FORGET_SECONDS

        def delete(db: Database) -> None:
            db.execute("DELETE FROM unit WHERE written<?", (old,))
            db.execute("DELETE FROM lease WHERE until<?", (old,))

        self._ledger.transact(delete)
        yield

    def _old_logins(self) -> Iterator[None]:
        old = int(self._clock.now()) - self._settings.login_days * DAY_SECONDS
        most = self._settings.sweep_rows_max
        statement = (
            "DELETE FROM login WHERE (account, refused, number) IN"
            " (SELECT account, refused, number FROM login WHERE last<? LIMIT ?) RETURNING 1"
        )
        while True:
            counted = [0]

            def delete(db: Database, counted: list[int] = counted) -> None:
                counted[0] = len(db.execute(statement, (old, most)).fetchall())

            if not self._ledger.transact(delete) or counted[0] < most:
                return
            yield

    def _unnamed_bodies(self) -> Iterator[None]:
        """Bodies that were unnamed when a scribe died; the grace begins now."""
        row = 0
        while row is not None:
            most = self._settings.sweep_rows_max
            end = self._ledger.db.execute(
                "SELECT row FROM body WHERE row>? ORDER BY row LIMIT 1 OFFSET ?", (row, most - 1)
            ).get
            bodies = self._ledger.db.execute(
                "SELECT id FROM body WHERE row>? AND row<=coalesce(?, 9223372036854775807)"
                f" AND {UNNAMED}",
                (row, end),
            ).fetchall()
            self._suspect([body for (body,) in bodies])
            row = end
            yield

    def _unnamed_files(self) -> Iterator[None]:
        old = self._clock.now() - FILE_GRACE_SECONDS
        for number, (path, body) in enumerate(self._files.all()):
            if number % self._settings.sweep_rows_max == 0:
                yield
            if body is not None:
                known = self._ledger.db.execute("SELECT 1 FROM body WHERE id=?", (body,)).get
                if known is not None:
                    continue
            try:
                if path.is_file() and path.stat().st_mtime < old:
                    path.unlink()
                    self._log.info("sweep.file_removed", name=path.name)
            except OSError as error:
                self._log.warning("sweep.file_kept", name=path.name, error=error)
