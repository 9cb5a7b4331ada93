"""One server for the programs that people use; each test has an account of its own in it."""

import secrets
from collections.abc import Iterator

import pytest

from outside.server import LOOPBACK, Server

DOORS = {"submission": (LOOPBACK,), "submissions": (LOOPBACK,)}
CHINESE_DOMAIN = "例子.测试"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two workers, domains example.org and 例子.测试."""
    with Server(tmp_path_factory.mktemp("interop"), {"listen": DOORS}) as server:
        server.add_domain("example.org")
        server.add_domain(CHINESE_DOMAIN)
        yield server


@pytest.fixture
def person(server: Server) -> str:
    """The address of a new account with an empty INBOX."""
    address = f"p{secrets.token_hex(6)}@example.org"
    server.add_account(address)
    return address
