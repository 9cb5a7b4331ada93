"""The store's section of the configuration."""

import dataclasses

from posthouse.store.settings import StoreSettings


def test_defaults_are_within_their_bounds() -> None:
    """Every limit has a meaning, and a default that the loader would accept."""
    for field in dataclasses.fields(StoreSettings):
        least, most = field.metadata["least"], field.metadata["most"]

        assert field.metadata["meaning"].endswith(".")
        assert least is None or field.default >= least
        assert most is None or field.default <= most


def test_the_soft_limit_of_the_log_comes_before_the_hard_one() -> None:
    """Readers are waited for only when copying back beside them was not enough."""
    settings = StoreSettings()

    assert settings.wal_soft_octets < settings.wal_octets_max
