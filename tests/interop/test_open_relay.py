"""nmap tries to send through the house: nobody gets out who has no right to."""

from collections.abc import Iterator

import pytest

from interop.programs import run
from outside.server import Server

NOT_OPEN = "Server doesn't seem to be an open relay, all tests failed"


@pytest.fixture(
    scope="module", params=["mail.example.org", "example.org"], ids=["host_name", "domain_name"]
)
def house(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Server]:
    """Its host name is not one of its domains, or it is; Ann and everybody else live there."""
    with Server(tmp_path_factory.mktemp("relay"), {"": {"hostname": request.param}}) as server:
        server.add_domain("example.org")
        server.add_account("ann@example.org")
        yield server


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("smtp-open-relay.domain=elsewhere.example", "smtp-open-relay.from=ann"),
        ("smtp-open-relay.domain=elsewhere.example", "smtp-open-relay.ip=192.0.2.7"),
    ],
    ids=["as_it_is", "domain", "address"],
)
def test_nmap_finds_no_open_relay(house: Server, words: tuple[str, ...]) -> None:
    """All its forms are refused, and nothing waits in the queue."""
    arguments = ["--script-args", ",".join(words)] if words else []
    printed = run(
        "nmap", "-n", "-Pn", "-sT", "-p", str(house.ports["smtp"]), "--script", "+smtp-open-relay",
        *arguments, "127.0.0.1",
    )  # fmt: skip

    assert NOT_OPEN in printed
    assert len(house.events("smtp.recipient_refused")) >= 8  # they came as far as RCPT
    assert house.events("smtp.accepted") == []
    assert house.run("queue", "list", "--json").stdout.strip() == "[]"
