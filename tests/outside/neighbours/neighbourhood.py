"""A Posthouse and its neighbours: who relays to whom, and what came where.

The house is house.example. Its mail comes from a neighbour by four domains: house.example over TLS,
plain.example without, unix.example and tcp.example by LMTP, known.example by submission, logged in
as Ann; the same people live in all of them. Mail of the house goes to a neighbour NAME by
NAME.example over TLS where that can be, plain.NAME.example never, must.NAME.example only so; to
Exim also by known.exim.example, logged in there.
"""

import argparse
import secrets
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from outside.clients import Imap, Smtp
from outside.hosts import Host, free_port
from outside.neighbours.exim import EXIM
from outside.neighbours.neighbour import Kind, Neighbour, Route, Settings
from outside.neighbours.opensmtpd import OPENSMTPD
from outside.neighbours.postfix import POSTFIX
from outside.neighbours.sendmail import SENDMAIL
from outside.server import PASSWORD, eventually
from posthouse.cli.house import House as CliHouse
from posthouse.cli.house import open_house

KINDS: Final = {kind.name: kind for kind in (POSTFIX, EXIM, SENDMAIL, OPENSMTPD)}
HOUSE: Final = "house.example"
PEOPLE: Final = ("ann", "ben")
MEGABYTE: Final = 1_000_000
TLS_TO_HOUSE: Final = {HOUSE: True, "plain.example": False}
HOUSE_LETTER_OCTETS_MAX: Final = 7 * MEGABYTE
NUDGE_SECONDS: Final = 2.0
LMTP_DOMAINS: Final = ("unix.example", "tcp.example")
LOG_IN_DOMAIN: Final = "known.example"


@dataclass(slots=True)
class Letter:
    """What is sent, and how it is found again: by a word that no other letter has."""

    octets: bytes
    token: str

    @property
    def body(self) -> bytes:
        """What must arrive as it left."""
        return self.octets.partition(b"\r\n\r\n")[2]


def make_letter(body: bytes = b"Hello\r\n", *, fields: bytes = b"", subject: str = "") -> Letter:
    """A letter in UTF-8."""
    token = secrets.token_hex(8)
    head = (
        "From: Ann <ann@house.example>\r\nTo: undisclosed: ;\r\n"
        f"Subject: {subject or 'letter'} {token}\r\n"
        f"Date: Tue, 24 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{token}@house.example>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\n"
    )
    return Letter(head.encode() + fields + b"\r\n" + body, token)


def submit(
    port: int, letter: Letter, sender: str, *recipients: str, words: str = "BODY=8BITMIME"
) -> None:
    """Gives a letter to the server at a port, which must take it."""
    with Smtp(port, hello="client.example") as client:
        code = client.deliver(letter.octets, *recipients, sender=sender, words=words)
        assert code == 250, f"the letter was not taken: {code}"


class Neighbourhood:
    """All of them; neighbours start when they are first asked for. A context."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._doors = folder / "doors"
        self._doors.mkdir(parents=True)
        self._doors.chmod(0o755)
        self._lmtp_port = free_port()
        self._submission_port = free_port()
        self._ports = {name: free_port() for name in KINDS}
        self._neighbours: dict[str, Neighbour] = {}
        self._nudged = time.monotonic()
        self.house = self._make_house()

    def __enter__(self) -> Self:
        self.house.start()
        with self._directory() as cli:
            cli.run(cli.manage.add_domain(HOUSE))
            for name in PEOPLE:
                cli.run(cli.manage.add_account(f"{name}@{HOUSE}", PASSWORD))
            for domain in (*TLS_TO_HOUSE, *LMTP_DOMAINS, LOG_IN_DOMAIN):
                if domain != HOUSE:
                    cli.run(cli.manage.add_domain(domain))
                    for name in PEOPLE:
                        targets = (f"{name}@{HOUSE}",)
                        cli.run(cli.manage.put_alias(f"{name}@{domain}", targets, new=True))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, t: TracebackType | None
    ) -> None:
        try:
            for neighbour in self._neighbours.values():
                neighbour.stop()
        finally:
            self.house.__exit__(kind, error, t)

    def neighbour(self, name: str) -> Neighbour:
        """Running."""
        if name not in self._neighbours:
            self._neighbours[name] = self._make_neighbour(KINDS[name])
            self._neighbours[name].start()
        return self._neighbours[name]

    @contextmanager
    def full(self, name: str) -> Iterator[None]:
        """Meanwhile there is hardly any room in this person's mailboxes."""
        address = f"{name}@{HOUSE}"
        with self._directory() as cli:
            cli.run(cli.manage.set_account(address, quota_octets=1000))
        try:
            yield
        finally:
            with self._directory() as cli:
                cli.run(cli.manage.set_account(address, quota_octets=0))

    # ---- who is there

    def _directory(self) -> AbstractContextManager[CliHouse]:
        """What the commands work with: to start them each time costs half of the tests' time."""
        return open_house(argparse.Namespace(config=str(self.house.config)))

    def _make_house(self) -> Host:
        host = Host(
            self._folder / "house",
            HOUSE,
            listen={
                "submission": (f"127.0.0.1:{self._submission_port}",),
                "lmtp": (f"unix:{self._doors}/lmtp.sock", f"127.0.0.1:{self._lmtp_port}"),
            },
            lmtp={"socket_mode": "0666"},
            smtp={"letter_octets_max": HOUSE_LETTER_OCTETS_MAX},
            queue={"retry_seconds_max": 1, "warning_seconds": 3600},
        )
        for name, port in self._ports.items():
            for place, tls in (("", "may"), ("plain.", "never"), ("must.", "must")):
                host.route(f"{place}{name}.example", port, tls=tls)
        password = self._folder / "password"
        password.write_text(PASSWORD)
        host.route(
            "known.exim.example", self._ports["exim"],
            tls="must", user="ann", password_file=str(password),
        )  # fmt: skip
        return host

    def _make_neighbour(self, kind: Kind) -> Neighbour:
        domain = f"{kind.name}.example"
        routes = {d: Route(port=self.house.smtp_port, tls=tls) for d, tls in TLS_TO_HOUSE.items()}
        routes["unix.example"] = Route(socket="/mnt/doors/lmtp.sock", protocol="lmtp")
        routes["tcp.example"] = Route(port=self._lmtp_port, protocol="lmtp")
        routes[LOG_IN_DOMAIN] = Route(
            port=self._submission_port, tls=True, user=f"ann@{HOUSE}", password=PASSWORD
        )
        settings = Settings(
            domain=domain,
            more_domains=(f"plain.{domain}", f"must.{domain}", f"known.{domain}"),
            port=self._ports[kind.name],
            people=PEOPLE,
            aliases={f"sales@{domain}": f"ann@{domain}"}
            | ({f"例子@{domain}": f"ann@{domain}"} if kind.speaks_utf8 else {}),
            routes=routes,
            binds={"/mnt/doors": self._doors},
        )
        return Neighbour(kind, self._folder / kind.name, settings)

    # ---- what came

    def at_house(self, name: str, token: str, count: int = 1) -> list[bytes]:
        """Letters of a person of the house with this word, as IMAP shows them; they must come."""

        def look() -> list[bytes] | None:
            found = self._inbox(name, token)
            if len(found) >= count:
                return found
            self.nudge()
            return None

        found: list[bytes] = eventually(
            look, what=f"a letter in the house's INBOX of {name}", seconds=30
        )
        return found

    def nudge(self) -> None:
        """Now and then, neighbours try all that waits.

        One of them may have sent over a connection that a restarted house had closed, and then
        OpenSMTPD waits for minutes.
        """
        if time.monotonic() - self._nudged > NUDGE_SECONDS:
            self._nudged = time.monotonic()
            for neighbour in self._neighbours.values():
                if neighbour.is_running:
                    neighbour.flush()

    def house_has(self, token: str) -> int:
        """How many letters with this word all people of the house have now."""
        return sum(len(self._inbox(name, token)) for name in PEOPLE)

    def at(self, neighbour: Neighbour, name: str, token: str, count: int = 1) -> list[bytes]:
        """Letters of a person of the neighbour with this word; they must come."""
        word = token.encode()

        def look() -> list[bytes] | None:
            found = [letter for letter in neighbour.inbox(name) if word in letter]
            return found if len(found) >= count else None

        try:
            return eventually(
                look, what=f"a letter for {name} at {neighbour.kind.name}", seconds=30
            )
        except AssertionError as error:
            error.add_note(neighbour.log_text())
            raise

    def _inbox(self, name: str, token: str) -> list[bytes]:
        with Imap(self.house.ports["imap"]) as imap:
            imap.login(f"{name}@{HOUSE}", PASSWORD)
            imap.ok(b"EXAMINE INBOX")
            # In reports it is somewhere inside; large letters need not be read to the end.
            wanted = f"OR HEADER Subject {token} SMALLER {MEGABYTE // 10} TEXT {token}"
            answers = imap.ok(f"UID SEARCH {wanted}".encode())
            (uids,) = [a.split()[2:] for a in answers if a.startswith(b"* SEARCH")]
            if not uids:
                return []
            answers = imap.ok(b"UID FETCH " + b",".join(uids) + b" BODY.PEEK[]")
        return [
            a.partition(b"}\r\n")[2].removesuffix(b")") for a in answers if b" FETCH " in a[:40]
        ]

    def settled(self) -> None:
        """The house's queue is empty."""
        eventually(lambda: not self.house.queue(), what="an empty queue of the house", seconds=30)

    def waiting(self, recipient: str) -> dict[str, Any]:
        """The row of a recipient in the house's queue, once it has an answer."""

        def look() -> dict[str, Any] | None:
            rows = [row for letter in self.house.queue() for row in letter["recipients"]]
            return next((r for r in rows if r["address"] == recipient and r["answer"]), None)

        found: dict[str, Any] = eventually(look, what=f"{recipient} in the queue", seconds=30)
        return found

    def await_log(self, neighbour: Neighbour, text: str, since: int) -> None:
        """A piece of text in its log, after the octet `since`."""
        wanted = text.encode()

        def look() -> bool:
            self.nudge()
            return wanted in neighbour.log.read_bytes()[since:]

        eventually(look, what=f"{text!r} in the log of {neighbour.kind.name}", seconds=30)

    def emptied(self, neighbour: Neighbour) -> None:
        """Nothing waits at the neighbour."""

        def look() -> bool:
            neighbour.flush()
            return not neighbour.queue()

        eventually(look, what=f"an empty queue of {neighbour.kind.name}", seconds=30)
