"""The client's side of SCRAM-SHA-256, written from RFC 5802 for the tests of our server's side."""

import base64
import hashlib
import hmac


class ScramClient:
    """With `end_point` it speaks SCRAM-SHA-256-PLUS. Messages are base 64 text."""

    def __init__(self, login: str, password: str, end_point: bytes = b"", flag: str = "n") -> None:
        self.mechanism = "SCRAM-SHA-256-PLUS" if end_point else "SCRAM-SHA-256"
        self._password = password
        self._gs2 = "p=tls-server-end-point,," if end_point else f"{flag},,"
        self._end_point = end_point
        self._bare = f"n={login},r=clientnonce"
        self._server = b""

    def first(self) -> str:
        return _encoded((self._gs2 + self._bare).encode())

    def final(self, challenge: str) -> str:
        first = base64.b64decode(challenge).decode()
        fields = dict(part.split("=", 1) for part in first.split(","))
        salt, rounds = base64.b64decode(fields["s"]), int(fields["i"])
        salted = hashlib.pbkdf2_hmac("sha256", self._password.encode(), salt, rounds)
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        binding = _encoded(self._gs2.encode() + self._end_point)
        without_proof = f"c={binding},r={fields['r']}"
        signed = f"{self._bare},{first},{without_proof}".encode()
        signature = hmac.digest(hashlib.sha256(client_key).digest(), signed, "sha256")
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        self._server = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")
        return _encoded(f"{without_proof},p={_encoded(proof)}".encode())

    def check(self, challenge: str) -> None:
        """The server knows the password too."""
        assert base64.b64decode(challenge) == b"v=" + base64.b64encode(self._server)


def _encoded(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
