"""The server's certificate."""

import os
import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from net_world import contexts
from posthouse.base.clock import SetClock, SystemClock
from posthouse.net.certificates import (
    CERTIFICATE_NAME,
    KEY_NAME,
    LIFETIME_DAYS,
    CertificateFailed,
    Certificates,
    machine_name,
    make_self_signed,
    open_certificates,
    server_context,
)
from posthouse.proofs.channel_binding import server_end_point


def opened(data: Path, clock: SystemClock | SetClock | None = None) -> Certificates:
    return open_certificates(
        certificate="auto",
        key="",
        data=data,
        hostname="mail.example.org",
        clock=clock or SystemClock(),
    )


def test_our_own_at_first_start(tmp_path: Path) -> None:
    """P-256, for our name and the loopback names, readable by its owner only; kept afterwards."""
    opened(tmp_path)
    text = (tmp_path / CERTIFICATE_NAME).read_bytes()
    certificate = x509.load_pem_x509_certificate(text)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert names.get_values_for_type(x509.DNSName) == ["mail.example.org", "localhost"]
    found = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    assert found == ["127.0.0.1", "::1"]
    public = certificate.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert public.curve.name == "secp256r1"
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    opened(tmp_path)
    assert (tmp_path / CERTIFICATE_NAME).read_bytes() == text


def test_a_new_one_before_it_ends(tmp_path: Path) -> None:
    """An old certificate of ours is replaced while it is still good."""
    opened(tmp_path)
    before = (tmp_path / CERTIFICATE_NAME).read_bytes()
    old = SystemClock().now() - (LIFETIME_DAYS - 29) * 86_400
    os.utime(tmp_path / CERTIFICATE_NAME, (old, old))
    opened(tmp_path)

    assert (tmp_path / CERTIFICATE_NAME).read_bytes() != before


def test_old_protocols_are_refused(tmp_path: Path) -> None:
    """TLS 1.2 at least. BCP 195"""
    context, _ = contexts(tmp_path)

    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_files_of_the_administrator(tmp_path: Path) -> None:
    """Two files, or one that holds both."""
    make_self_signed(tmp_path, hostname="mail.example.org", clock=SystemClock())
    key, certificate = tmp_path / KEY_NAME, tmp_path / CERTIFICATE_NAME
    both = tmp_path / "both.pem"
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    for names in ((str(certificate), str(key)), (str(both), "")):
        open_certificates(
            certificate=names[0], key=names[1], data=tmp_path, hostname="x", clock=SystemClock()
        )


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    """Missing, nonsense, another's key, a key with a password: a sentence each, never a prompt."""
    make_self_signed(tmp_path, hostname="mail.example.org", clock=SystemClock())
    key, certificate = tmp_path / KEY_NAME, tmp_path / CERTIFICATE_NAME
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nothing")
    locked, other = tmp_path / "locked.pem", tmp_path / "other.pem"
    private = ec.generate_private_key(ec.SECP256R1())
    for path, protection in (
        (locked, serialization.BestAvailableEncryption(b"secret")),
        (other, serialization.NoEncryption()),
    ):
        path.write_bytes(
            private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection
            )
        )
    for pair, said in (
        ((tmp_path / "none.pem", key), "cannot read .*none.pem: No such file"),
        ((nonsense, key), "not a certificate we can use"),
        ((certificate, other), "not a certificate we can use"),
        ((certificate, locked), "the key has a password"),
    ):
        with pytest.raises(CertificateFailed, match=said):
            server_context(*pair)


def test_reload_and_a_bad_reload(tmp_path: Path) -> None:
    """The live context takes the new files; bad ones leave it as it was."""
    certificates = opened(tmp_path)
    make_self_signed(tmp_path, hostname="mail.example.org", clock=SystemClock())
    certificates.reload()
    (tmp_path / CERTIFICATE_NAME).write_text("broken")
    with pytest.raises(CertificateFailed):
        certificates.reload()


def test_this_machine_has_a_name() -> None:
    """For a config that names none."""
    assert machine_name()


def test_the_end_point_is_that_of_the_live_certificate(tmp_path: Path) -> None:
    """What log-ins are bound to changes with the certificate. RFC 5929 4"""
    certificates = opened(tmp_path)
    first = certificates.end_point
    text = (tmp_path / CERTIFICATE_NAME).read_text()
    assert first == server_end_point(ssl.PEM_cert_to_DER_cert(text))
    make_self_signed(tmp_path, hostname="mail.example.org", clock=SystemClock())
    assert certificates.end_point == first
    certificates.reload()
    assert len(certificates.end_point) == 32
    assert certificates.end_point != first


def test_a_copy_for_those_who_may_not_read(tmp_path: Path) -> None:
    """What is carried can be taken when the files are gone, and is new after each reload; closed,
    the files are read again.
    """
    certificates = opened(tmp_path)
    assert certificates.is_readable
    assert certificates.descriptors() == []
    certificates.carry()
    certificates.carry()
    (descriptor,) = certificates.descriptors()
    make_self_signed(tmp_path, hostname="mail.example.org", clock=SystemClock())
    certificates.reload()
    reloaded = certificates.end_point
    for name in (CERTIFICATE_NAME, KEY_NAME):
        (tmp_path / name).unlink()
    certificates.end_point = b""
    certificates.take()
    assert certificates.end_point == reloaded
    os.truncate(descriptor, 0)
    with pytest.raises(CertificateFailed, match="not a certificate"):
        certificates.take()
    certificates.close()
    certificates.close()
    with pytest.raises(CertificateFailed, match="cannot read"):
        certificates.take()


def test_one_file_is_copied_once(tmp_path: Path) -> None:
    """Certificate and key in one file, as some authorities deliver them."""
    make_self_signed(tmp_path, hostname="mail.example.org", clock=SystemClock())
    both = tmp_path / "both.pem"
    both.write_bytes(
        (tmp_path / KEY_NAME).read_bytes() + (tmp_path / CERTIFICATE_NAME).read_bytes()
    )
    certificates = Certificates(both, both)
    certificates.carry()
    assert os.fstat(certificates.descriptors()[0]).st_size == both.stat().st_size + 1
    certificates.take()
    certificates.close()
