"""`make run` as its user sees it, on ports that are free here."""

import imaplib
import re
import signal
import smtplib
import ssl
import stat
import subprocess
import sys
from pathlib import Path

from app_house import ROOT, closed

CONFIG = """\
hostname = "mail.example.org"
data = "{data}"
workers = 1
[listen]
smtp = ["127.0.0.1:0"]
imap = ["127.0.0.1:0"]
imaps = ["127.0.0.1:0"]
pop3 = ["127.0.0.1:0"]
pop3s = ["127.0.0.1:0"]
http = ["127.0.0.1:0"]
"""
LETTER = "From: x@outside.test\r\nSubject: A first letter\r\n\r\nHello.\r\n"


class Demo:
    """One run; reads what it prints until it is ready."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "posthouse.app.demo"],
            cwd=folder,
            env=closed(CONFIG) | {"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        self.lines: list[str] = []
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line.startswith("posthouse ready"):
                break
        self.accounts = dict(
            re.findall(r"^account (\S+) password (\S+)$", "\n".join(self.lines), re.MULTILINE)
        )
        ready = self.lines[-1].split()[2:]
        self.ports = {k: int(v.rpartition(":")[2]) for k, v in (p.split("=") for p in ready)}

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


def subjects(demo: Demo, address: str) -> list[bytes]:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with imaplib.IMAP4_SSL("127.0.0.1", demo.ports["imaps"], ssl_context=context) as client:
        client.login(address, demo.accounts[address])
        count = client.select("INBOX")[1][0]
        assert count is not None
        found = []
        for number in range(1, int(count) + 1):
            parts = client.fetch(str(number), "(BODY[HEADER.FIELDS (SUBJECT)])")[1]
            assert isinstance(parts[0], tuple)
            found.append(parts[0][1].strip())
        return found


def test_two_runs(tmp_path: Path) -> None:
    """Accounts, addresses, what to try next; a letter goes through; the next run keeps it all."""
    var = tmp_path / "var"
    var.mkdir()
    (var / "posthouse.toml").write_text(CONFIG.format(data=var))
    first = Demo(tmp_path)
    try:
        assert set(first.accounts) == {"ann@example.org", "bob@example.org"}
        assert sum(line.startswith(("next:", "      ")) for line in first.lines) == 3
        for service, port in first.ports.items():
            assert any(
                line.startswith(service) and line.endswith(f":{port}") for line in first.lines
            )
        with smtplib.SMTP("127.0.0.1", first.ports["smtp"], timeout=20) as client:
            client.sendmail("x@outside.test", ["bob@example.org"], LETTER)
        assert subjects(first, "bob@example.org") == [b"Subject: A first letter"]
    finally:
        code = first.stop()
    assert code == 0
    assert stat.S_IMODE(var.stat().st_mode) == 0o700
    assert stat.S_IMODE((var / "demo-accounts").stat().st_mode) == 0o600
    second = Demo(tmp_path)
    try:
        assert second.accounts == first.accounts
        assert subjects(second, "bob@example.org") == [b"Subject: A first letter"]
        assert subjects(second, "ann@example.org") == []
    finally:
        assert second.stop() == 0


def test_a_broken_config_is_told(tmp_path: Path) -> None:
    """Exit 78 with the line."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "posthouse.toml").write_text("workers = true\n")
    run = subprocess.run(
        [sys.executable, "-m", "posthouse.app.demo"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert run.returncode == 78
    assert "posthouse.toml:1: workers" in run.stderr
