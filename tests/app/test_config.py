"""What can be configured, and what the values mean."""

import os
from pathlib import Path

import pytest

from posthouse.app.config import (
    SECTIONS,
    Config,
    Listen,
    Root,
    StorePlace,
    default_config,
    with_old,
)
from posthouse.app.config_load import parse_config
from posthouse.net.limits import NetSettings
from posthouse.queue.settings import RelaySettings, Route


def test_a_config_gives_each_room_its_part() -> None:
    """The part of a room comes with its type; repeated ones as many as there are."""
    config = default_config()

    assert config[NetSettings] == NetSettings()
    assert config.many(Route) == ()
    assert config.file is None


def test_names_and_numbers_that_depend_on_the_machine() -> None:
    """An empty host name is the machine's, no number of workers means one a core."""
    config = default_config()

    assert config.hostname
    assert config.workers == len(os.sched_getaffinity(0))
    assert config.data == Path.cwd() / "var"


def test_what_is_set_goes_before_the_machine() -> None:
    """A name and a number in the file are taken as they are."""
    root = Root(hostname="mail.example.org", workers=3, data="/srv/mail")
    config = Config(None, {Root: root})

    assert (config.hostname, config.workers, config.data) == (
        "mail.example.org",
        3,
        Path("/srv/mail"),
    )


def test_no_key_stands_in_two_kinds_of_a_section() -> None:
    """One table, one meaning a key, and every key of it has a sentence and bounds in order."""
    import dataclasses

    for section in SECTIONS:
        names = [field.name for kind in section.kinds for field in dataclasses.fields(kind)]
        assert len(names) == len(set(names)), section.name
        for kind in section.kinds:
            for field in dataclasses.fields(kind):
                assert field.metadata["meaning"], (section.name, field.name)
                least, most = field.metadata["least"], field.metadata["most"]
                assert least is None or most is None or least <= field.default <= most


@pytest.mark.parametrize(
    ("part", "keys"),
    [
        (Root(hostname="mail example"), ["hostname"]),
        (Root(hostname="-x"), ["hostname"]),
        (Root(data=""), ["data"]),
        (Root(hostname="mail.example.org"), []),
        (Listen(smtp=("nonsense",), imap=("127.0.0.1:143", "x:y")), ["smtp", "imap"]),
        (Listen(), []),
        (StorePlace(url="mysql:", bodies="s3:", bus="nats:"), ["url", "bodies", "bus"]),
        (StorePlace(), []),
        (RelaySettings(smart_host="unix:x"), ["smart_host"]),
        (RelaySettings(smart_host="relay.example.org:25"), []),
        (RelaySettings(), []),
        (Route(), ["domain"]),
        (Route(domain="example.net", to="127.0.0.1:2626"), []),
    ],
)
def test_parts_say_which_keys_are_wrong(part: object, keys: list[str]) -> None:
    """What a type and bounds cannot say, the part itself finds."""
    assert [key for key, _allowed in part.wrong()] == keys  # type: ignore[attr-defined]


def test_what_a_running_server_keeps() -> None:
    """Data directory and user stay as they were, with their names; the rest is new."""
    old = parse_config('data = "/a"\nuser = "ann"\nhostname = "old.test"', None, {})
    new = parse_config('data = "/b"\nuser = "ann"\nhostname = "new.test"', None, {})
    config, kept = with_old(new, old)
    assert kept == ["data"]
    assert config.data == Path("/a")
    assert config.hostname == "new.test"
    assert with_old(old, old) == (old, [])
