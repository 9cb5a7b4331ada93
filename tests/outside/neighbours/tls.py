"""A neighbour's certificate: it signed it itself, as most of them do."""

import functools
from typing import Final

import trustme

CERTIFICATE: Final = "/etc/neighbour/certificate.pem"
KEY: Final = "/etc/neighbour/key.pem"


@functools.cache
def _authority() -> trustme.CA:
    return trustme.CA()


@functools.cache
def certificate_files(host: str) -> dict[str, str]:
    """Certificate and key, by the path they have inside."""
    made = _authority().issue_cert(host, key_type=trustme.KeyType.RSA)
    chain = "".join(blob.bytes().decode() for blob in made.cert_chain_pems)
    return {CERTIFICATE: chain, KEY: made.private_key_pem.bytes().decode()}
