"""`posthouse serve`; what it does is tested in tests/app, tests/interop and tests/faults."""

import pytest

from cli.conftest import Command


def test_it_serves_what_was_read(posthouse: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration is read once and given on; the code is that of the server."""
    seen = []

    def served(config: object) -> int:
        seen.append(config)
        return 69

    monkeypatch.setattr("posthouse.app.serve.serve", served)
    posthouse.run("serve", code=69)
    assert seen[0].file == posthouse.config


def test_a_wrong_configuration(posthouse: Command) -> None:
    """78, and nothing was started."""
    posthouse.configure("workers = -1\n")
    assert "workers" in posthouse.run("serve", code=78).err
    assert list(posthouse.data.iterdir()) == []
