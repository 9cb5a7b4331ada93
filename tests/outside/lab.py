"""Three houses and a Postfix, each with an address of its own, found by their MX records.

a.example is also the smart host of c.example (by AUTH over TLS) and the backup MX of b.example;
p.example is Postfix. Nobody knows another one but by the DNS; that is ours, at port 53. The
addresses are a part of 127.0.0.0/8 chosen by our pid, so that labs can run side by side, and all
serve port 25, so that it takes root.
"""

import base64
import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from dns_world import DnsServer
from outside.clients import Smtp
from outside.hosts import Host
from outside.neighbours.neighbour import Neighbour, Settings
from outside.neighbours.postfix import POSTFIX
from outside.server import LOOPBACK, PASSWORD, eventually

HOPS_MAX: Final = 12
LETTER_OCTETS_MAX: Final = 200_000
"""Of b.example and p.example; the others take more."""
NUMBERS: Final = {"dns": 53, "a": 10, "b": 20, "c": 30, "p": 40, "nobody": 50}
"""The last part of each one's address. Nobody listens at the last one."""
WAIT_SECONDS_MAX: Final = 30.0


def address(name: str) -> str:
    """Of one of them."""
    pid = os.getpid()
    return f"127.{64 + pid // 254 % 128}.{1 + pid % 254}.{NUMBERS[name]}"


def zone() -> dict[tuple[str, str], list[str]]:
    """The names of the lab."""
    found = {(f"mx.{name}.example", "A"): [address(name)] for name in "abcp"}
    found |= {(f"{name}.example", "MX"): [f"10 mx.{name}.example."] for name in "abcp"}
    found["b.example", "MX"].append("20 mx.a.example.")
    found["dead.example", "MX"] = ["10 mx.dead.example."]
    found["mx.dead.example", "A"] = [address("nobody")]
    return found


class LabHost(Host):
    """One of the houses."""

    def __init__(self, folder: Path, name: str, **sections: dict[str, Any]) -> None:
        self.address = address(name)
        settings: dict[str, dict[str, Any]] = {
            "": {"hostname": f"mx.{name}.example", "workers": 1},
            "listen": {"smtp": (f"{self.address}:25",), "submission": (LOOPBACK,)},
            "accept": {"hops_max": HOPS_MAX},
            "relay": {"networks": ()},
            "submission": {"envelope_sender": "any", "header_sender": "any"},
        }
        for section, keys in sections.items():
            settings.setdefault(section, {}).update(keys)
        super().__init__(folder, f"{name}.example", dns=f"{address('dns')}:53", **settings)

    def submit(self, name: str, *recipients: str, octets: int = 0) -> str:
        """A letter of somebody who lives here, by log-in; gives a word that only it has."""
        sender, token = f"{name}@{self.domain}", secrets.token_hex(8)
        text = (
            f"From: <{sender}>\r\nTo: undisclosed: ;\r\nSubject: {token}\r\n"
            f"Date: Tue, 24 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{token}@{self.domain}>\r\n\r\n"
        ).encode() + b"all work and no play\r\n" * (1 + octets // 22)
        with Smtp(self.ports["submission"]) as client:
            words = base64.b64encode(f"\0{sender}\0{PASSWORD}".encode())
            client.ok(b"AUTH PLAIN " + words)
            assert client.deliver(text, *recipients, sender=sender) == 250
        return token

    def letters(self, name: str, token: str) -> list[bytes]:
        """Those with this word that somebody has now."""
        return [letter for letter in self.inbox(name) if token.encode() in letter]

    def letter(self, name: str, token: str) -> bytes:
        """The one with this word, which must come."""
        found = eventually(
            lambda: self.letters(name, token),
            what=f"a letter for {name}@{self.domain}",
            seconds=WAIT_SECONDS_MAX,
        )
        assert len(found) == 1
        octets: bytes = found[0]
        return octets

    def waiting(self, recipient: str) -> dict[str, Any]:
        """His row in the queue when it was tried and waits."""

        def look() -> dict[str, Any] | None:
            rows = [row for letter in self.queue() for row in letter["recipients"]]
            return next(
                (r for r in rows if r["address"] == recipient and r["state"] == "waiting"), None
            )

        row: dict[str, Any] = eventually(look, what=f"{recipient} in the queue")
        return row


class Lab:
    """All of them. A context."""

    def __init__(self, folder: Path) -> None:
        self.dns = DnsServer(zone(), address("dns"), 53)
        password = folder / "password"
        password.write_text(PASSWORD + "\n")
        self.a = LabHost(
            folder / "a", "a", listen={"submission": (f"{address('a')}:587", LOOPBACK)},
            relay={"domains": ("b.example",)},
        )  # fmt: skip
        self.b = LabHost(folder / "b", "b", smtp={"letter_octets_max": LETTER_OCTETS_MAX})
        self.c = LabHost(
            folder / "c", "c",
            relay={
                "smart_host": f"{address('a')}:587",
                "smart_host_tls": "must",
                "smart_host_user": "cy@a.example",
                "smart_host_password_file": str(password),
            },
        )  # fmt: skip
        self.p = Neighbour(
            POSTFIX,
            folder / "p",
            Settings(
                domain="p.example",
                hostname="mx.p.example",
                address=address("p"),
                port=25,
                people=("pia",),
                aliases={"round@p.example": "round@a.example"},
                name_server=address("dns"),
                letter_octets_max=LETTER_OCTETS_MAX,
            ),
        )
        self._stack = contextlib.ExitStack()

    @property
    def houses(self) -> list[LabHost]:
        return [self.a, self.b, self.c]

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            for one in (self.dns, *self.houses, self.p):
                stack.enter_context(one)
            self.a.people("ann", "cy")
            self.b.people("ben")
            self.c.people("cleo")
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, t: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, t)

    def at_postfix(self, token: str) -> list[bytes]:
        """Letters with this word that have come to pia@p.example."""
        return [letter for letter in self.p.inbox("pia") if token.encode() in letter]

    def rest(self) -> None:
        """Nothing waits anywhere any more."""
        for house in self.houses:
            self._empty(lambda house=house: not house.queue(), house.domain)
        self._empty(lambda: not self.p.queue(), "p.example")

    def _empty(self, is_empty: Callable[[], bool], name: str) -> None:
        eventually(is_empty, what=f"an empty queue of {name}", seconds=WAIT_SECONDS_MAX)
