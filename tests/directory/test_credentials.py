"""What is kept instead of a password."""

import pytest

from posthouse.directory.credentials import (
    PASSWORD_CHARACTERS_MAX,
    credentials_for,
    hash_of,
    keys_of,
    password_fits,
)
from posthouse.store.values import Credential


def test_a_password_fits_its_own_hash_only() -> None:
    """argon2id, in composed characters."""
    stored = hash_of(credentials_for("cafe\u0301 密码", scram=False))
    assert stored is not None

    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert password_fits(stored, "caf\u00e9 密码")
    assert not password_fits(stored, "cafe 密码")
    assert not password_fits("no hash", "x")


def test_scram_keys_are_kept_when_wanted() -> None:
    """With as many rounds as all clients bear, 65,536; they can be left out."""
    credentials = credentials_for("secret")
    keys = keys_of(credentials)

    assert keys is not None
    assert keys.rounds == 65_536
    assert keys_of(credentials_for("secret", scram=False)) is None
    assert keys_of((Credential("scram-sha-256", "broken"),)) is None
    assert hash_of(()) is None
    assert all("secret" not in credential.data for credential in credentials)


@pytest.mark.parametrize("password", ["", "a\0b", "a\nb", "x" * (PASSWORD_CHARACTERS_MAX + 1)])
def test_what_cannot_be_a_password(password: str) -> None:
    """Empty, too long, NUL and line ends."""
    with pytest.raises(ValueError, match="the password"):
        credentials_for(password)


def test_the_longest_password() -> None:
    """Exactly the limit is taken."""
    assert credentials_for("x" * PASSWORD_CHARACTERS_MAX, scram=False)
