"""Is this configuration usable here? Each finding is a sentence with a hint; nothing is changed.

Reading the file finds unknown keys and bad values before; this looks at the machine: directory,
certificate, ports, accounts.
"""

import os
import ssl
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from posthouse.app.config import Config, Listen, TlsSettings
from posthouse.app.quickstart import port_problems


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be. An error keeps the server from starting."""

    is_error: bool
    sentence: str
    hint: str


def check(config: Config, *, is_running: bool) -> list[Finding]:
    """All findings, errors first. Ports are not tried while our own server holds them."""
    found = [*_directory(config.data), *_certificate(config[TlsSettings])]
    if not is_running:
        listen = {service: getattr(config[Listen], service) for service in Listen.__slots__}
        found += [
            Finding(False, p.sentence, "start as root with `user`, or by systemd")
            if p.is_forbidden
            else Finding(True, p.sentence, "stop what listens there, or change [listen]")
            for p in port_problems(listen)
        ]
    return sorted(found, key=lambda finding: not finding.is_error)


def _directory(data: Path) -> Iterator[Finding]:
    if not data.is_dir():
        yield Finding(
            True, f"there is no data directory {data}", "posthouse quickstart you@your.domain"
        )
        return
    about = data.stat()
    if stat.S_IMODE(about.st_mode) & 0o077:
        yield Finding(True, f"others may look into {data}", f"chmod 700 {data}")
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        yield Finding(True, f"{data} is not ours to write", f"chown it to {os.geteuid()}")


def _certificate(tls: TlsSettings) -> Iterator[Finding]:
    if tls.certificate == "auto":
        yield Finding(
            False,
            "the certificate is self-signed: clients will ask",
            "[tls] certificate = a file with your certificate and its chain",
        )
        return
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.certificate, tls.key or None)
    except (OSError, ssl.SSLError) as error:
        yield Finding(True, f"cannot use {tls.certificate}: {error}", "[tls] certificate and key")
        return
    ends = _ends(Path(tls.certificate))
    now = datetime.now(UTC)
    days = (ends - now).days
    if ends < now:
        yield Finding(True, f"{tls.certificate} ended {(now - ends).days} days ago", "renew it")
    elif days < 14:
        yield Finding(False, f"{tls.certificate} ends in {days} days", "renew it")


def _ends(path: Path) -> datetime:
    from cryptography import x509

    return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
