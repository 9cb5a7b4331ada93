"""Servers for what goes wrong: one with narrow limits, one with wide ones, each test on its own."""

import resource
from collections.abc import Iterator

import pytest

from outside.clients import Imap
from outside.server import LOOPBACK, PASSWORD, Server, Settings

BOB = "bob@example.org"
NARROW: Settings = {
    "smtp": {
        "line_octets_max": 600,
        "letter_octets_max": 65_536,
        "recipients_max": 100,
        "letters_per_session_max": 3,
        "errors_max": 3,
    },
    "imap": {
        "line_octets_max": 8192,
        "literal_octets_max": 4096,
        "letter_octets_max": 65_536,
        "letters_max": 3,
        "swallow_octets_max": 10_000,
        "errors_max": 3,
        "mailbox_octets_max": 200,
        "search_depth_max": 8,
        "search_keys_max": 20,
        "set_ranges_max": 100,
    },
    "tls": {"allow_plaintext_auth": True},
}
WIDE: Settings = {
    "listen": {"submission": (LOOPBACK,), "lmtp": (LOOPBACK,)},
    "smtp": {"recipients_max": 10_000},
    "net": {"connections_per_address_max": 5000, "write_buffer_octets_max": 65_536},
    "tls": {"allow_plaintext_auth": True},
}


@pytest.fixture(scope="session")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Small limits; bob@example.org lives there."""
    with Server(tmp_path_factory.mktemp("narrow"), NARROW) as server:
        populate(server)
        yield server


@pytest.fixture(scope="session")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """10,000 recipients and many connections; bob@example.org lives there."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    with Server(tmp_path_factory.mktemp("wide"), WIDE) as server:
        populate(server)
        yield server
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def populate(server: Server) -> None:
    server.add_domain("example.org")
    server.add_account(BOB)


def logged_in(server: Server, *, tls: bool = False, address: str = BOB) -> Imap:
    """An IMAP session of bob's."""
    client = Imap(server.ports["imaps" if tls else "imap"], tls=tls)
    client.login(address, PASSWORD)
    return client


def letters_of(server: Server, address: str = BOB) -> list[bytes]:
    """The Message-IDs in the INBOX."""
    with logged_in(server, address=address) as client:
        client.ok(b"EXAMINE INBOX")
        answers = client.ok(b"UID FETCH 1:* BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]")
    return [a.partition(b"<")[2].partition(b">")[0] for a in answers if b" FETCH " in a[:40]]
