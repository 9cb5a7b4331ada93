"""The server's certificate: made by us at first start, or the administrator's files; reloaded live.

RFC 8446, 7525bis (BCP 195): TLS 1.2 and later. Contexts are made before the workers are forked, so
that all of them take each other's session tickets. Fails with CertificateFailed, a clear sentence.
"""

import ipaddress
import os
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from posthouse.base.clock import Clock
from posthouse.proofs.channel_binding import server_end_point

CERTIFICATE_NAME: Final = "certificate.pem"
KEY_NAME: Final = "certificate-key.pem"
LIFETIME_DAYS: Final = 825
RENEW_DAYS_BEFORE: Final = 30


class CertificateFailed(Exception):
    """A certificate or key that cannot be used. `hint` is the next step, "" where there is none."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.hint = hint


class Certificates:
    """The context of all TLS listeners, and the files it was made of.

    Where the files are root's, the supervisor alone can read them: it carries a copy in memory that
    its workers inherit and `take` from.
    """

    __slots__ = ("_certificate", "_copy", "_key", "context", "end_point")

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate = certificate
        self._key = key
        self._copy = -1
        self.context = server_context(certificate, key)
        self.end_point = _end_point(certificate)
        """What log-ins in new TLS sessions can be bound to, b"" for nothing. RFC 5929 4"""

    @property
    def is_readable(self) -> bool:
        """This user may read the files, with no more rights than anybody's."""
        return all(os.access(path, os.R_OK) for path in (self._certificate, self._key))

    def carry(self) -> None:
        """From now on processes forked from this one `take` without reading the files."""
        if self._copy < 0:
            self._copy = os.memfd_create("posthouse-certificate")
            self._write_copy()

    def descriptors(self) -> list[int]:
        """What a process needs open for `take`."""
        return [self._copy] if self._copy >= 0 else []

    def reload(self) -> None:
        """Reads the files again into the live context: new handshakes use them, sessions stay."""
        self._use(self._certificate, self._key)
        if self._copy >= 0:
            self._write_copy()

    def take(self) -> None:
        """`reload` in a worker: from the copy that is carried, else from the files."""
        if self._copy < 0:
            self.reload()
            return
        copy = Path(f"/proc/self/fd/{self._copy}")
        self._use(copy, copy)

    def close(self) -> None:
        """The copy goes; the context stays."""
        if self._copy >= 0:
            os.close(self._copy)
            self._copy = -1

    def _use(self, certificate: Path, key: Path) -> None:
        server_context(certificate, key)  # a bad file must not spoil the live one
        _load(self.context, certificate, key)
        self.end_point = _end_point(certificate)

    def _write_copy(self) -> None:
        octets = self._certificate.read_bytes() + b"\n"
        if self._key != self._certificate:
            octets += self._key.read_bytes()
        os.ftruncate(self._copy, 0)
        os.pwrite(self._copy, octets, 0)


def open_certificates(
    *, certificate: str, key: str, data: Path, hostname: str, clock: Clock
) -> Certificates:
    """What [tls] says: "auto" is a self-signed certificate in the data directory."""
    if certificate != "auto":
        return Certificates(Path(certificate), Path(key or certificate))
    paths = data / CERTIFICATE_NAME, data / KEY_NAME
    if not all(path.exists() for path in paths) or _ends_soon(paths[0], clock):
        make_self_signed(data, hostname=hostname, clock=clock)
    return Certificates(*paths)


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """A context for our end of connections that others open to us."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= (
        ssl.OP_NO_COMPRESSION
        | ssl.OP_NO_RENEGOTIATION
        | ssl.OP_CIPHER_SERVER_PREFERENCE
        | ssl.OP_SINGLE_ECDH_USE
    )
    context.num_tickets = 1  # each costs an idle session's handshake 250 octets and a signature
    _load(context, certificate, key)
    return context


def make_self_signed(data: Path, *, hostname: str, clock: Clock) -> None:
    """Makes key and certificate (P-256: a handshake costs two thirds of one with RSA 2048)."""
    # Heavy, and needed once in the life of a data directory.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, hostname[:64])])
    now = datetime.fromtimestamp(clock.now(), UTC)
    names: list[x509.GeneralName] = [
        x509.DNSName(text) for text in dict.fromkeys((hostname, "localhost"))
    ]
    names += [x509.IPAddress(ipaddress.ip_address(text)) for text in ("127.0.0.1", "::1")]
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=LIFETIME_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        # Marked as its own authority, so that a client can be told to trust just this one.
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    # The key first: a crash between the two leaves no certificate without its key.
    _write_private(data / KEY_NAME, private)
    _write_private(data / CERTIFICATE_NAME, built.public_bytes(serialization.Encoding.PEM))


def machine_name() -> str:
    """The name of this machine, for a config that names none."""
    return socket.gethostname() or "localhost"


def _load(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    for path in (certificate, key):
        try:
            path.open("rb").close()
        except PermissionError as error:
            hint = "let the server's user read it, or restart the server as root"
            raise CertificateFailed(f"cannot read {path}: {error.strerror}", hint) from error
        except OSError as error:
            raise CertificateFailed(f"cannot read {path}: {error.strerror}") from error
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        raise CertificateFailed(
            f"{certificate} with the key {key} is not a certificate we can use: {error}"
        ) from error


def _end_point(certificate: Path) -> bytes:
    """Of the first certificate in the file, which is the server's own."""
    text = certificate.read_text("ascii", "replace")
    begin, end = text.find(ssl.PEM_HEADER), text.find(ssl.PEM_FOOTER)
    if not 0 <= begin < end:
        return b""
    return server_end_point(ssl.PEM_cert_to_DER_cert(text[begin : end + len(ssl.PEM_FOOTER)]))


def _ends_soon(certificate: Path, clock: Clock) -> bool:
    # By the file's age: to read the certificate would cost every start the import of a library.
    age_seconds = clock.now() - certificate.stat().st_mtime
    return age_seconds > (LIFETIME_DAYS - RENEW_DAYS_BEFORE) * 86_400


def _no_password() -> str:
    """A key with a password cannot be opened without asking, and a server must not ask."""
    raise ValueError("the key has a password")


def _write_private(path: Path, octets: bytes) -> None:
    """The whole file or none, readable by its owner only."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
