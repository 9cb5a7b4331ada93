"""Makes and checks what the directory keeps instead of a password. Slow by design: call it in a
thread.

argon2id with 19 MiB, 2 rounds, 1 lane (27 ms) for log-ins that send the password; SCRAM keys for
those that do not.
"""

import secrets
from typing import Final

import argon2

from posthouse.proofs.sasl import SCRAM_ROUNDS, ScramKeys, prepared, scram_keys
from posthouse.store.values import Credential

ARGON2ID: Final = "argon2id"
SCRAM_SHA_256: Final = "scram-sha-256"
PASSWORD_CHARACTERS_MAX: Final = 1_000
SALT_OCTETS: Final = 16

_HASHER: Final = argon2.PasswordHasher(
    time_cost=2, memory_cost=19 * 1024, parallelism=1, type=argon2.Type.ID
)


def credentials_for(password: str, *, scram: bool = True) -> tuple[Credential, ...]:
    """All that is kept for this password. Raises ValueError when it cannot be one."""
    if not password:
        raise ValueError("the password is empty")
    if len(password) > PASSWORD_CHARACTERS_MAX:
        raise ValueError(f"the password has more than {PASSWORD_CHARACTERS_MAX} characters")
    if "\0" in password or "\n" in password:
        raise ValueError("the password contains a NUL or a line end")
    made = [Credential(ARGON2ID, _HASHER.hash(prepared(password)))]
    if scram:
        keys = scram_keys(password, secrets.token_bytes(SALT_OCTETS), SCRAM_ROUNDS)
        made.append(Credential(SCRAM_SHA_256, keys.text()))
    return tuple(made)


def password_fits(stored: str, password: str) -> bool:
    """Whether the password is the one behind an argon2id hash."""
    try:
        return _HASHER.verify(stored, prepared(password))
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


def keys_of(credentials: tuple[Credential, ...]) -> ScramKeys | None:
    """The SCRAM keys among the credentials, None when there are none or they are broken."""
    for credential in credentials:
        if credential.method == SCRAM_SHA_256:
            try:
                return ScramKeys.read(credential.data)
            except ValueError:
                return None
    return None


def hash_of(credentials: tuple[Credential, ...]) -> str | None:
    """The argon2id hash among the credentials."""
    for credential in credentials:
        if credential.method == ARGON2ID:
            return credential.data
    return None
