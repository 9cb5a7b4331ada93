"""[net]."""

import dataclasses

from posthouse.net.limits import NetSettings


def test_every_limit_has_its_unit_in_its_name() -> None:
    """So that a number in the config can be read without the manual."""
    for field in dataclasses.fields(NetSettings):
        assert field.name.endswith("_max"), field.name
        assert field.metadata["least"] is not None


def test_defaults() -> None:
    """Those that are promised."""
    settings = NetSettings()

    assert settings.connections_per_address_max == 200
    assert settings.connections_per_worker_max == 10_000
