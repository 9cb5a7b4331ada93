"""What a log-in can be bound to: the hash of the server's certificate. Pure. RFC 5929 4

Reads just as much DER as this needs. Never raises: b"" means that nothing is defined for this
certificate, and then no binding is offered.
"""

import hashlib
from typing import Final

SEQUENCE: Final = 0x30
OBJECT_IDENTIFIER: Final = 0x06

# Signature algorithms by the octets of their identifiers. MD5 and SHA-1 count as SHA-256 (RFC 5929
# 4.1). RSASSA-PSS names its hash in parameters, Ed25519 has none: neither is defined.
_RSA: Final = bytes.fromhex("2a864886f70d0101")
_ECDSA: Final = bytes.fromhex("2a8648ce3d04")
_HASHES: Final = {
    _RSA + b"\x04": "sha256",
    _RSA + b"\x05": "sha256",
    _RSA + b"\x0b": "sha256",
    _RSA + b"\x0c": "sha384",
    _RSA + b"\x0d": "sha512",
    _RSA + b"\x0e": "sha224",
    _ECDSA + b"\x01": "sha256",
    _ECDSA + b"\x03\x01": "sha224",
    _ECDSA + b"\x03\x02": "sha256",
    _ECDSA + b"\x03\x03": "sha384",
    _ECDSA + b"\x03\x04": "sha512",
}


def server_end_point(certificate: bytes) -> bytes:
    """The tls-server-end-point of a certificate in DER; b"" where none is defined."""
    try:
        outer, inside, _end = _element(certificate, 0)
        _signed, _, behind = _element(certificate, inside)
        algorithm, begin, _ = _element(certificate, behind)
        name, first, last = _element(certificate, begin)
    except IndexError:
        return b""
    if (outer, algorithm, name) != (SEQUENCE, SEQUENCE, OBJECT_IDENTIFIER):
        return b""
    kind = _HASHES.get(certificate[first:last])
    return hashlib.new(kind, certificate).digest() if kind else b""


def _element(der: bytes, at: int) -> tuple[int, int, int]:
    """Tag, first octet of the value, first octet behind it. IndexError when it is cut off."""
    tag, length = der[at], der[at + 1]
    value = at + 2
    if length & 0x80:
        count = length & 0x7F
        if not 0 < count <= 4:
            raise IndexError
        value += count
        length = int.from_bytes(der[at + 2 : value], "big")
    if value + length > len(der):
        raise IndexError
    return tag, value, value + length
