"""Is everything that is kept whole? Reads every body, counts every counter, asks SQLite about its
pages and indexes.

Never writes to the store. A damaged database gives findings, not an exception; with `salvage` the
octets of all that can be read are written as files.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import apsw

from posthouse.base.ids import id_text
from posthouse.store.bodies_file import BodyFiles
from posthouse.store.sqlite.database import open_reader
from posthouse.store.sqlite.migrate import migrations
from posthouse.store.sqlite.salvage import ID_OCTETS, Salvage
from posthouse.store.sqlite.writes_mail import KEY_SHIFT

PIECE_OCTETS: Final = 1024 * 1024
BODIES_A_STEP: Final = 200


@dataclass(slots=True)
class Findings:
    """What was looked at, and what is wrong."""

    bodies: int = 0
    octets: int = 0
    accounts: int = 0
    mailboxes: int = 0
    letters: int = 0
    orphan_files: int = 0
    """Files that no row names: harmless, the sweep removes them after a day."""
    unnamed_bodies: int = 0
    """Bodies that no letter names: harmless, swept after their grace."""
    salvaged: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        return not self.problems


def verify(data: Path, salvage: Path | None, report: Callable[[str], None]) -> Findings:
    """Looks at everything; `report` is told each problem when it is found."""
    return _Verifier(data, report).run(salvage)


class _Verifier:
    def __init__(self, data: Path, report: Callable[[str], None]) -> None:
        self._data = data
        self._files = BodyFiles(data)
        self._report = report
        self._found = Findings()
        self._db: Any = None

    def run(self, salvage: Path | None) -> Findings:
        try:
            connection = open_reader(self._data)
        except (apsw.Error, OSError) as error:
            self._problem(f"mail.db cannot be opened: {error}")
        else:
            self._db = connection.cursor()
            for step in (self._pages, self._site, self._accounts, self._names, self._bodies):
                self._guarded(step)
            self._guarded(self._orphans)
            connection.close()
        if salvage is not None:
            self._found.salvaged = Salvage(self._data, salvage, self._problem).run()
        return self._found

    def _problem(self, text: str) -> None:
        self._found.problems.append(text)
        self._report(text)

    def _guarded(self, step: Callable[[], None]) -> None:
        """One step that meets damage does not keep the others from looking."""
        try:
            step()
        except Exception as error:  # noqa: BLE001 - rows on broken pages can hold anything
            self._problem(f"{step.__name__.strip('_')}: {error}")
        finally:
            if not self._db.connection.get_autocommit():
                self._db.execute("ROLLBACK")

    def _pages(self) -> None:
        number = self._db.execute("PRAGMA user_version").get
        newest = len(migrations())
        if number != newest:
            self._problem(f"the schema is number {number}, this Posthouse knows {newest}")
        for (line,) in self._db.execute("PRAGMA integrity_check").fetchall():
            if line != "ok":
                self._problem(f"integrity: {line}")

    def _site(self) -> None:
        site = dict(self._db.execute("SELECT key, value FROM site").fetchall())
        for key, statement in (
            ("account", "SELECT coalesce(max(id),0) FROM account"),
            ("uidvalidity", "SELECT coalesce(max(uidvalidity),0) FROM mailbox"),
        ):
            used = self._db.execute(statement).get
            if site.get(key, -1) < used:
                self._problem(f"the last {key} given is {site.get(key)}, but {used} is in use")

    def _accounts(self) -> None:
        for (account,) in self._db.execute(
            "SELECT id FROM account WHERE address NOT NULL ORDER BY id"
        ).fetchall():
            self._db.execute("BEGIN")  # one state of the account, even beside a running server
            self._account(account)
            self._db.execute("COMMIT")
            self._found.accounts += 1

    def _account(self, account: int) -> None:
        row = self._db.execute(
            "SELECT letters, octets, modseq, email, mailbox FROM account WHERE id=?", (account,)
        ).get
        if row is None:
            return  # removed meanwhile
        letters, octets, modseq, last_email, last_mailbox = row
        boxes = self._db.execute(
            "SELECT id, uidnext, highest_modseq, messages, unseen, deleted, octets, first_recent"
            " FROM mailbox WHERE account=? ORDER BY id",
            (account,),
        ).fetchall()
        total_letters = total_octets = 0
        for box in boxes:
            counted = self._mailbox(account, modseq, *box)
            total_letters += counted[0]
            total_octets += counted[1]
        self._same(f"account {account}: letters", letters, total_letters)
        self._same(f"account {account}: octets", octets, total_octets)
        ids = [box[0] for box in boxes]
        if 1 not in ids:
            self._problem(f"account {account} has no INBOX")
        self._at_least(f"account {account}: last mailbox", last_mailbox, max(ids, default=0))
        first, last = account << KEY_SHIFT, (account + 1 << KEY_SHIFT) - 1
        number = self._db.execute(
            "SELECT coalesce(max(key),?) FROM email WHERE key BETWEEN ? AND ?", (first, first, last)
        ).get
        self._at_least(f"account {account}: last letter", last_email, number - first)
        self._found.mailboxes += len(boxes)
        self._found.letters += total_letters

    def _mailbox(
        self,
        account: int,
        account_modseq: int,
        mailbox: int,
        uidnext: int,
        highest_modseq: int,
        messages: int,
        unseen: int,
        deleted: int,
        octets: int,
        first_recent: int,
    ) -> tuple[int, int]:
        name = f"account {account} mailbox {mailbox}"
        counted = self._db.execute(
            "SELECT count(*), coalesce(sum(p.flags&1=0),0), coalesce(sum(p.flags&8<>0),0),"
            " coalesce(sum(e.size),0), coalesce(max(p.uid),0), coalesce(max(p.modseq),0),"
            " coalesce(sum(e.key IS NULL),0)"
            " FROM placement AS p LEFT JOIN email AS e ON e.key=(?1<<40)+p.email"
            " WHERE p.account=?1 AND p.mailbox=?2",
            (account, mailbox),
        ).get
        last_gone = self._db.execute(
            "SELECT coalesce(max(uid),0) FROM tombstone WHERE account=? AND mailbox=?",
            (account, mailbox),
        ).get
        self._same(f"{name}: messages", messages, counted[0])
        self._same(f"{name}: unseen", unseen, counted[1])
        self._same(f"{name}: deleted", deleted, counted[2])
        self._same(f"{name}: octets", octets, counted[3])
        self._at_least(f"{name}: UIDNEXT", uidnext, max(counted[4], last_gone) + 1)
        self._at_least(f"{name}: UIDNEXT", uidnext, first_recent)
        self._at_least(f"{name}: HIGHESTMODSEQ", highest_modseq, counted[5])
        self._at_least(f"account {account}: MODSEQ", account_modseq, highest_modseq)
        if counted[6]:
            self._problem(f"{name}: {counted[6]} letters have lost their email row")
        return counted[0], counted[3]

    def _names(self) -> None:
        """Every email is in a mailbox and has a body; bodies nobody names are only counted."""
        lost = self._db.execute(
            "SELECT count(*) FROM email WHERE NOT EXISTS"
            " (SELECT 1 FROM body WHERE body.id=email.body)"
        ).get
        if lost:
            self._problem(f"{lost} letters have no body")
        nowhere = self._db.execute(
            "SELECT count(*) FROM email WHERE NOT EXISTS (SELECT 1 FROM placement AS p"
            f" WHERE p.account=email.key>>{KEY_SHIFT}"
            f" AND p.email=email.key&{(1 << KEY_SHIFT) - 1})"
            f" AND EXISTS (SELECT 1 FROM account WHERE id=email.key>>{KEY_SHIFT}"
            " AND address NOT NULL)"
        ).get
        if nowhere:
            self._problem(f"{nowhere} letters are in no mailbox")
        self._found.unnamed_bodies = self._db.execute(
            "SELECT count(*) FROM body WHERE NOT EXISTS"
            " (SELECT 1 FROM email WHERE email.body=body.id)"
        ).get

    def _bodies(self) -> None:
        row = 0
        while True:
            rows = self._db.execute(
                "SELECT row, id, digest, size, octets FROM body WHERE row>? ORDER BY row LIMIT ?",
                (row, BODIES_A_STEP),
            ).fetchall()
            for _, body, digest, size, octets in rows:
                self._body(body, digest, size, octets)
            if len(rows) < BODIES_A_STEP:
                return
            row = rows[-1][0]

    def _body(self, body: bytes, digest: bytes, size: int, octets: bytes | None) -> None:
        if not isinstance(body, bytes) or len(body) != ID_OCTETS:
            self._problem("a row of body is broken")
            return
        summed, length = hashlib.sha256(), 0
        try:
            for piece in self._pieces(body, octets):
                summed.update(piece)
                length += len(piece)
        except (KeyError, OSError) as error:
            if self._db.execute("SELECT 1 FROM body WHERE id=?", (body,)).get is None:
                return  # swept meanwhile
            what = "has no file" if isinstance(error, KeyError) else f"cannot be read: {error}"
            self._problem(f"body {id_text(body)} {what}")
            return
        self._found.bodies += 1
        self._found.octets += length
        if length != size:
            self._problem(f"body {id_text(body)} has {length} octets instead of {size}")
        elif summed.digest() != digest:
            self._problem(f"body {id_text(body)} is not what was stored")

    def _pieces(self, body: bytes, octets: bytes | None) -> Iterator[bytes]:
        if octets is not None:
            yield octets
            return
        with self._files.open(body) as file:
            while piece := file.read(PIECE_OCTETS):
                yield piece

    def _orphans(self) -> None:
        for _, body in self._files.all():
            known = (
                body is not None
                and self._db.execute("SELECT 1 FROM body WHERE id=?", (body,)).get is not None
            )
            if not known:
                self._found.orphan_files += 1

    def _same(self, what: str, is_now: int, counted: int) -> None:
        if is_now != counted:
            self._problem(f"{what}: {is_now} are noted, {counted} are there")

    def _at_least(self, what: str, is_now: int, least: int) -> None:
        if is_now < least:
            self._problem(f"{what} is {is_now}, should be at least {least}")
