"""The text of the units. What systemd says of them is in tests/machine/test_systemd.py."""

import sys
from pathlib import Path

import pytest

from posthouse.app.config import Listen
from posthouse.app.plan import served
from posthouse.app.quickstart import PRODUCTION
from posthouse.app.units import Site, program_words, service, sockets


def site(**given: object) -> Site:
    keys = {
        "user": "posthouse",
        "data": Path("/var/lib/posthouse"),
        "config": Path("/var/lib/posthouse/posthouse.toml"),
        "program": ("/opt/posthouse/bin/posthouse",),
        **given,
    }
    return Site(**keys)  # type: ignore[arg-type]


def keys_of(text: str) -> dict[str, list[str]]:
    """Keys and their values, in order."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, sign, value = line.partition("=")
        if sign and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def test_the_service() -> None:
    """It tells when it is ready, is reloaded by SIGHUP, ends in good order, is never root."""
    keys = keys_of(service(site()))
    program = "/opt/posthouse/bin/posthouse serve --config /var/lib/posthouse/posthouse.toml"
    assert keys["Type"] == ["notify"]
    assert keys["ExecStart"] == [program]
    assert keys["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert keys["User"] == ["posthouse"]
    assert keys["KillMode"] == ["mixed"]
    assert keys["ReadWritePaths"] == ["/var/lib/posthouse"]
    assert keys["RestartPreventExitStatus"] == ["64 77 78"]
    assert keys["ProtectHome"] == ["yes"]


@pytest.mark.parametrize("place", ["data", "config", "program"])
def test_what_stands_in_a_home_can_be_reached(place: str) -> None:
    """Homes are closed to the service, unless it needs something there."""
    path = Path("/home/ann/mail")
    given = {place: (str(path),) if place == "program" else path}
    assert keys_of(service(site(**given)))["ProtectHome"] == ["no"]


def test_words_of_any_kind() -> None:
    """Blanks, percents, dollars, quotes and Chinese names come through systemd's quoting."""
    text = service(site(config=Path('/srv/a b/100%/$x/"y"/邮件.toml')))
    (start,) = keys_of(text)["ExecStart"]
    assert start.endswith(r'--config "/srv/a b/100%%/$$x/\"y\"/邮件.toml"')


def test_the_sockets() -> None:
    """Every port that has a door, once; those with a path stay the service's."""
    every = {s: PRODUCTION.get(s, ()) for s in Listen.__slots__}
    listen = served(Listen(**every))
    assert "managesieve" not in listen
    lines = keys_of(sockets(listen))["ListenStream"]
    assert lines == ["25", "587", "465", "143", "993", "110", "995", "127.0.0.1:8025"]
    some = {"smtp": ("[2001:db8::1]:25", "192.0.2.1:25"), "imap": ("192.0.2.1:25", "unix:x")}
    assert keys_of(sockets(some))["ListenStream"] == ["[2001:db8::1]:25", "192.0.2.1:25"]


def test_the_program_is_found() -> None:
    """By whole paths: the command beside Python, or Python with the module."""
    words = program_words()
    assert Path(words[0]).is_absolute()
    assert words[0].endswith("/posthouse") or words == (sys.executable, "-m", "posthouse")
