"""What the DNS says of a domain's mail."""

import pytest
from tests.turn import run_now

from posthouse.decide.mail_domains import MailDomains


class Silent(Exception):
    """Nobody answers."""


class Records:
    """A DNS of five domains."""

    async def exchangers(self, domain: str) -> list[tuple[int, str]] | None:
        if domain == "silent.example":
            raise Silent
        found: dict[str, list[tuple[int, str]]] = {
            "mx.example": [(10, "a.example."), (20, "b.example.")],
            "null.example": [(0, ".")],
            "host.example": [],
            "empty.example": [],
            "half.example": [],
        }
        return found.get(domain)

    async def addresses(self, host: str) -> list[str]:
        if host == "half.example":
            raise Silent
        return ["192.0.2.1"] if host == "host.example" else []


@pytest.mark.parametrize(
    ("domain", "answer"),
    [
        ("mx.example", True),
        ("null.example", False),
        ("host.example", True),
        ("empty.example", False),
        ("nowhere.example", False),
        ("silent.example", None),
        ("half.example", None),
    ],
)
def test_who_takes_mail(domain: str, answer: bool | None) -> None:
    """Exchangers, else the host itself; a null exchanger says no; silence is no answer."""
    assert run_now(MailDomains(Records(), Silent).takes_mail(domain)) is answer
