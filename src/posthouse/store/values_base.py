"""What all writes and results have in common, and the octets that they carry."""

import msgspec


class Value(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Base of all writes."""


class Result(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Base of all results."""


class Done(Result, frozen=True, array_like=True, tag=True):
    """It is so now; there is nothing more to tell. `modseq` is 0 where the value touches no
    mail."""

    modseq: int = 0


class NewBody(msgspec.Struct, frozen=True, array_like=True):
    """Octets to be kept, immutable from now on."""

    id: bytes
    digest: bytes
    """SHA-256 of the octets."""
    size: int
    octets: bytes | None
    """None: already a synced file by the caller (`store.bodies_file`)."""
