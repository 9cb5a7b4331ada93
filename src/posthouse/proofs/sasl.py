"""SASL exchanges, the server's side: PLAIN, LOGIN, SCRAM-SHA-256 and -PLUS. Pure: octets in, a step
out. RFC 4422, 4616, 5802, 7677

An exchange never looks anything up: it asks for a password to be checked or for keys to be given.
Whatever is wrong in
what the client sent ends in `Failed`, with a note for the log only.
"""

import base64
import binascii
import hashlib
import hmac
import unicodedata
from dataclasses import dataclass
from typing import Final, Protocol

SCRAM: Final = "SCRAM-SHA-256"
SCRAM_PLUS: Final = "SCRAM-SHA-256-PLUS"
"""The same, bound to the TLS session it runs in. RFC 5802 6"""
MECHANISMS: Final = (SCRAM, "PLAIN", "LOGIN")
BINDING_FLAG: Final = "p=tls-server-end-point"
"""The one kind of channel binding that is offered: the hash of the certificate. RFC 5929 4"""
OCTETS_MAX: Final = 12_288
"""Most octets of one client message. RFC 4954 4 asks for at least 12,288 octets of base 64 text."""
SCRAM_ROUNDS: Final = 65_536
"""As many as every client bears: those built on Cyrus SASL (mbsync is one) refuse more."""
SCRAM_ROUNDS_LEAST: Final = 4096
"""RFC 5802 5.1: what a client may insist on."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """To be sent; the client's answer is the next step."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class PasswordOffered:
    """The house checks it; the exchange is over."""

    login: str
    password: str
    authorize: str = ""
    """Whom the client wants to act as, "" for itself. RFC 4616 2"""


@dataclass(frozen=True, slots=True)
class KeysWanted:
    """The house answers with `ScramSha256.keys`, for unknown people too (with invented ones)."""

    login: str


@dataclass(frozen=True, slots=True)
class Proved:
    """The client has proved who it is; `final` goes to it with the success. RFC 5802 3"""

    login: str
    final: bytes
    authorize: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """It has not. `note` is for the log."""

    note: str
    malformed: bool = False
    """The message broke the syntax (501) and not the proof (535)."""


Step = Challenge | PasswordOffered | KeysWanted | Proved | Failed


class Exchange(Protocol):
    """One try of one client."""

    def step(self, octets: bytes) -> Step:
        """The next message of the client, decoded from base 64."""

    @property
    def client_first(self) -> bool:
        """Whether the client speaks first; if it sent no initial response it gets an empty
        challenge."""


def prepared(text: str) -> str:
    """A password or name in the form that is compared: NFC, and nothing else changed. RFC 8265
    4.2"""
    return unicodedata.normalize("NFC", text)


class Plain:
    """RFC 4616: authorization, login and password between NULs."""

    __slots__ = ()
    client_first: bool = True

    def step(self, octets: bytes) -> Step:
        parts = octets.split(b"\0")
        if len(parts) != 3 or not parts[1] or not parts[2] or len(octets) > OCTETS_MAX:
            return Failed("PLAIN wants authorization NUL login NUL password", malformed=True)
        try:
            authorize, login, password = (prepared(part.decode("utf-8")) for part in parts)
        except UnicodeDecodeError:
            return Failed("PLAIN is not UTF-8", malformed=True)
        return PasswordOffered(login, password, authorize)


class Login:
    """The old LOGIN: two prompts. Clients send the name at once or after the first prompt; both
    work."""

    __slots__ = ("_login",)
    client_first: bool = False

    def __init__(self) -> None:
        self._login: str | None = None

    def step(self, octets: bytes) -> Step:
        try:
            text = prepared(octets.decode("utf-8"))
        except UnicodeDecodeError:
            return Failed("LOGIN is not UTF-8", malformed=True)
        if not text or len(octets) > OCTETS_MAX or "\0" in text:
            return Failed("LOGIN wants a name and a password", malformed=True)
        if self._login is None:
            self._login = text
            return Challenge(b"Password:")
        return PasswordOffered(self._login, text)


LOGIN_FIRST: Final = b"Username:"


@dataclass(frozen=True, slots=True)
class ScramKeys:
    """What the server keeps instead of a password. RFC 5802 3"""

    rounds: int
    salt: bytes
    stored_key: bytes
    server_key: bytes

    def text(self) -> str:
        """For the directory: rounds,salt,StoredKey,ServerKey in base 64. RFC 5803"""
        parts = (self.salt, self.stored_key, self.server_key)
        return ",".join([str(self.rounds), *(base64.b64encode(p).decode("ascii") for p in parts)])

    @staticmethod
    def read(text: str) -> "ScramKeys":
        """Reads `text` back. Raises ValueError."""
        rounds, salt, stored, server = text.split(",")
        decode = base64.b64decode
        return ScramKeys(int(rounds), decode(salt), decode(stored), decode(server))


def scram_keys(password: str, salt: bytes, rounds: int = SCRAM_ROUNDS) -> ScramKeys:
    """Derives the keys; slow by design (30 ms at the default), so never on an event loop. RFC 5802
    3"""
    salted = hashlib.pbkdf2_hmac("sha256", prepared(password).encode(), salt, rounds)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return ScramKeys(
        rounds,
        salt,
        hashlib.sha256(client_key).digest(),
        hmac.digest(salted, b"Server Key", "sha256"),
    )


class ScramSha256:
    """SCRAM-SHA-256, with `is_plus` SCRAM-SHA-256-PLUS. RFC 5802 5, 7677

    `nonce` is ours, printable ASCII without commas. `end_point` is what the exchange can be bound
    to (`proofs.channel_binding`); without it -PLUS is not offered on this connection.
    """

    __slots__ = (
        "_authorize",
        "_bare",
        "_end_point",
        "_first",
        "_gs2",
        "_is_plus",
        "_keys",
        "_login",
        "_nonce",
        "_our_nonce",
    )
    client_first: bool = True

    def __init__(self, nonce: str, *, end_point: bytes = b"", is_plus: bool = False) -> None:
        assert end_point or not is_plus, "nothing to be bound to"
        self._our_nonce = nonce
        self._end_point = end_point
        self._is_plus = is_plus
        self._keys: ScramKeys | None = None
        self._login = ""

    def step(self, octets: bytes) -> Step:
        if len(octets) > OCTETS_MAX:
            return Failed("SCRAM message too long", malformed=True)
        try:
            text = octets.decode("utf-8")
        except UnicodeDecodeError:
            return Failed("SCRAM is not UTF-8", malformed=True)
        return self._client_first(text) if not self._login else self._client_final(text)

    def keys(self, keys: ScramKeys) -> Challenge:
        """Answers `KeysWanted`: the server's first message."""
        self._keys = keys
        salt = base64.b64encode(keys.salt).decode("ascii")
        self._first = f"r={self._nonce},s={salt},i={keys.rounds}"
        return Challenge(self._first.encode())

    def _client_first(self, text: str) -> Step:
        flag, comma, rest = text.partition(",")
        authorize, second, bare = rest.partition(",")
        if not comma or not second or (authorize and not authorize.startswith("a=")):
            return Failed("SCRAM: no GS2 header", malformed=True)
        fault = self._wrong_flag(flag)
        if fault is not None:
            return fault
        fields = _fields(bare)
        login, nonce = fields.get("n", ""), fields.get("r", "")
        if not login or not nonce or not bare.startswith("n="):
            return Failed("SCRAM: name or nonce is missing", malformed=True)
        self._gs2 = f"{flag},{authorize},"
        self._authorize = _unescaped(authorize[2:])
        self._bare = bare
        self._nonce = nonce + self._our_nonce
        self._login = prepared(_unescaped(login))
        return KeysWanted(self._login)

    def _wrong_flag(self, flag: str) -> Failed | None:
        """What the client says of channel binding fits what it chose and was offered. RFC 5802 6"""
        if self._is_plus:
            if flag == BINDING_FLAG:
                return None
            return Failed("SCRAM: this channel binding is not offered here", malformed=True)
        if flag == "y" and self._end_point:
            # It can bind, and somebody between us hid from it that we can too.
            return Failed("SCRAM: the offer of channel binding was taken away on the way")
        if flag in ("n", "y"):
            return None
        return Failed("SCRAM: wrong channel binding flag", malformed=True)

    def _client_final(self, text: str) -> Step:
        assert self._keys is not None, "keys come before the client's last message"
        without_proof, found, proof_text = text.rpartition(",p=")
        fields = _fields(without_proof)
        bound = self._gs2.encode() + (self._end_point if self._is_plus else b"")
        binding = base64.b64encode(bound).decode("ascii")
        if not found or fields.get("c") != binding or fields.get("r") != self._nonce:
            return Failed("SCRAM: binding or nonce does not fit", malformed=True)
        try:
            proof = base64.b64decode(proof_text, validate=True)
        except (ValueError, binascii.Error):
            return Failed("SCRAM: proof is not base 64", malformed=True)
        signed = f"{self._bare},{self._first},{without_proof}".encode()
        signature = hmac.digest(self._keys.stored_key, signed, "sha256")
        if len(proof) != len(signature):
            return Failed("SCRAM: proof has the wrong length", malformed=True)
        client_key = bytes(a ^ b for a, b in zip(proof, signature, strict=True))
        if not hmac.compare_digest(hashlib.sha256(client_key).digest(), self._keys.stored_key):
            return Failed("wrong password")
        server = hmac.digest(self._keys.server_key, signed, "sha256")
        return Proved(self._login, b"v=" + base64.b64encode(server), self._authorize)


def _fields(text: str) -> dict[str, str]:
    """`n=ann,r=xyz` as a dictionary; the first of each name counts."""
    fields: dict[str, str] = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        fields.setdefault(name, value)
    return fields


def _unescaped(text: str) -> str:
    return text.replace("=2C", ",").replace("=3D", "=")
