"""Whether a configuration can be used on this machine."""

import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from posthouse.app.check import check
from posthouse.app.config_load import load_config


def config(folder: Path, tls: str = "", smtp: str = "") -> object:
    listen = f'[listen]\nsmtp = [{smtp}]\n' + "".join(
        f"{service} = []\n"
        for service in (
            "submission", "submissions", "lmtp", "imap", "imaps", "pop3", "pop3s", "managesieve",
            "http",
        )
    )  # fmt: skip
    file = folder / "posthouse.toml"
    file.write_text(f'data = "{folder / "data"}"\n{listen}[tls]\n{tls}')
    return load_config(str(file))


def certificate(folder: Path, days: float) -> Path:
    """A file with key and certificate that ends so many days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.example.org")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=90))
        .not_valid_after(now + timedelta(days=days)).sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = folder / "chain.pem"
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return folder


def sentences(folder: Path, *, is_running: bool = False, **how: str) -> list[tuple[bool, str]]:
    found = check(config(folder, **how), is_running=is_running)  # type: ignore[arg-type]
    assert all(finding.hint for finding in found)
    return [(finding.is_error, finding.sentence) for finding in found]


def test_a_right_one(tmp_path: Path, data: Path) -> None:
    """Nothing to say of a private directory and a certificate with months to go."""
    file = certificate(tmp_path, 60)
    assert sentences(tmp_path, tls=f'certificate = "{file}"\n') == []


def test_the_self_signed_certificate_is_a_note(tmp_path: Path, data: Path) -> None:
    """It works, and clients will ask."""
    ((is_error, sentence),) = sentences(tmp_path)
    assert not is_error
    assert "self-signed" in sentence


@pytest.mark.parametrize(
    ("days", "is_error", "word"), [(-3, True, "ended 3 days ago"), (5, False, "ends in")]
)
def test_certificates_that_end(
    tmp_path: Path, data: Path, days: float, is_error: bool, word: str
) -> None:
    """One that ended is an error, one that ends soon a note."""
    file = certificate(tmp_path, days)
    ((found, sentence),) = sentences(tmp_path, tls=f'certificate = "{file}"\n')
    assert found == is_error
    assert word in sentence


def test_files_that_are_no_certificate(tmp_path: Path, data: Path) -> None:
    """Missing, garbage, a key that is not its own: errors that name the file."""
    (tmp_path / "garbage").write_text("no certificate")
    for name in ("missing", "garbage"):
        ((is_error, sentence),) = sentences(tmp_path, tls=f'certificate = "{tmp_path / name}"\n')
        assert is_error
        assert name in sentence


def test_the_directory(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Open to others, or not ours to write: errors with the command that helps."""
    data.chmod(0o750)
    assert any("others may look" in s for e, s in sentences(tmp_path) if e)
    data.chmod(0o700)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert any("not ours to write" in s for e, s in sentences(tmp_path) if e)
    data.rmdir()
    assert any("no data directory" in s for e, s in sentences(tmp_path) if e)


def test_ports_of_others(tmp_path: Path, data: Path) -> None:
    """A taken port is an error, unless it is our own running server that has it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        smtp = f'"127.0.0.1:{taken.getsockname()[1]}"'
        assert sentences(tmp_path, smtp=smtp)[0][0]
        assert not any(error for error, _ in sentences(tmp_path, smtp=smtp, is_running=True))
