"""What a log-in can be bound to."""

import datetime
import hashlib
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from posthouse.proofs.channel_binding import server_end_point

RSA = rsa.generate_private_key(65_537, 2048)
CURVE = ec.generate_private_key(ec.SECP256R1())


def certificate(key: Any, algorithm: Any, **more: Any) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.test")])
    begin = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=1))
        .sign(key, algorithm, **more)
    )
    return built.public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize(
    ("key", "algorithm", "kind"),
    [
        (RSA, hashes.SHA256(), "sha256"),
        (RSA, hashes.SHA384(), "sha384"),
        (RSA, hashes.SHA512(), "sha512"),
        (CURVE, hashes.SHA256(), "sha256"),
        (CURVE, hashes.SHA384(), "sha384"),
    ],
)
def test_the_hash_is_that_of_the_signature(key: Any, algorithm: Any, kind: str) -> None:
    """RFC 5929 4.1"""
    der = certificate(key, algorithm)

    assert server_end_point(der) == hashlib.new(kind, der).digest()


def test_where_none_is_defined() -> None:
    """Signatures without a plain hash bind nothing."""
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)

    assert server_end_point(certificate(ed25519.Ed25519PrivateKey.generate(), None)) == b""
    assert server_end_point(certificate(RSA, hashes.SHA256(), rsa_padding=pss)) == b""


@given(st.binary(max_size=60))
def test_no_octets_raise(octets: bytes) -> None:
    """What is no certificate binds nothing."""
    server_end_point(octets)
    assert server_end_point(b"") == b""
