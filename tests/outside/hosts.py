"""Houses that send each other mail, and other hosts beside them: names, ports, threads."""

import asyncio
import socket
import threading
from pathlib import Path
from typing import Any, Self

from outside.clients import Imap, Smtp
from outside.server import LOOPBACK, PASSWORD, Server
from remote_world import Remote

SUBJECT = b"Subject: over the hills\r\n"


def free_port() -> int:
    """A port that nobody has now; the kernel does not give it to another one soon."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Host(Server):
    """A house that relays for this machine. Domains of other hosts by `routes`: domain, port."""

    def __init__(
        self, folder: Path, name: str, *, dns: str = "", relay_port: int = 25, **sections: Any
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.smtp_port = free_port()
        self.domain = name
        settings: dict[str, Any] = {
            "": {"hostname": f"mail.{name}"},
            "listen": {"smtp": (f"127.0.0.1:{self.smtp_port}",), "imap": (LOOPBACK,)},
            "tls": {"allow_plaintext_auth": True},
            "store": {"note_seconds_max": 0.1},
            "relay": {"networks": ("127.0.0.1",), "port": relay_port},
            "queue": {
                "retry_seconds_first": 0.2,
                "pause_seconds_first": 0.2,
                "pause_seconds_max": 0.5,
                "idle_seconds_max": 0.2,
            },
            "dns": {"servers": (dns,) if dns else ("127.0.0.1:9",), "try_seconds_max": 0.2},
        }
        for section, keys in sections.items():
            settings.setdefault(section, {}).update(keys)
        self._routes = ""
        super().__init__(folder, settings)

    def route(self, domain: str, port: int, **more: str) -> None:
        """Before it starts; `more` are further keys of the section."""
        keys = {"domain": domain, "to": f"127.0.0.1:{port}", **more}
        text = "[[route]]\n" + "".join(f'{key} = "{value}"\n' for key, value in keys.items())
        self.config.write_text(self.config.read_text() + text)

    def people(self, *names: str) -> Self:
        """Its domain and who lives there."""
        self.add_domain(self.domain)
        for name in names:
            self.add_account(f"{name}@{self.domain}")
        return self

    def send(self, sender: str, *recipients: str, subject: bytes = SUBJECT) -> None:
        """Takes a letter of this machine."""
        letter = subject + b"From: <" + sender.encode() + b">\r\n\r\nText.\r\n"
        with self._smtp() as client:
            assert client.deliver(letter, *recipients, sender=sender) == 250

    def _smtp(self) -> Smtp:
        """Who met a worker that a reload was just ending was told 421 and comes again."""
        for _ in range(3):
            try:
                return Smtp(self.ports["smtp"])
            except AssertionError as refused:
                if "421" not in str(refused):
                    raise
        return Smtp(self.ports["smtp"])

    def inbox(self, name: str) -> list[bytes]:
        """Whole letters, as IMAP shows them."""
        with Imap(self.ports["imap"]) as imap:
            imap.ok(f'LOGIN {name}@{self.domain} "{PASSWORD}"'.encode())
            imap.ok(b"SELECT INBOX")
            return [answer for answer in imap.ok(b"FETCH 1:* (BODY.PEEK[])") if b"BODY[]" in answer]

    def queue(self) -> list[dict[str, Any]]:
        """As `posthouse queue list --json` tells it."""
        import json

        found: list[dict[str, Any]] = json.loads(self.run("queue", "list", "--json").stdout)
        return found


class OtherHost:
    """A `Remote` in a thread of its own. A context."""

    def __init__(self, **given: Any) -> None:
        self.remote = Remote(**given)
        self._port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Remote:
        self._thread.start()
        self._run(self.remote.start())
        return self.remote

    def __exit__(self, *_: object) -> None:
        self._run(self.remote.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _run(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)
