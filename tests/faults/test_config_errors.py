"""A wrong configuration: exit 78, and for each fault file, line, key, found, allowed."""

import subprocess
from pathlib import Path

import pytest

from outside.server import SILENT, command, environment


def serve(folder: Path, text: str) -> "subprocess.CompletedProcess[str]":
    file = folder / "posthouse.toml"
    file.write_text(text, "utf-8")
    return subprocess.run(
        [*command(), "serve", "--config", str(file)],
        env=environment(), capture_output=True, text=True, timeout=60, check=False, cwd=folder,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('hostname = "a b"\n', 1, ("hostname", "a b", "host name")),
        ("workers = -1\n", 1, ("workers", "-1", "0")),
        ("workers = 1\n\nworkres = 2\n", 3, ("workres", "workers")),
        ('workers = "two"\n', 1, ("workers", "two")),
        ("[smtp]\nrecipients_max = 99\n", 2, ("recipients_max", "99", "100")),
        ("[smtp]\nrecipients_max = 10001\n", 2, ("recipients_max", "10001", "10000")),
        ("[smtp]\n\n\nfoo = 1\n", 4, ("foo",)),
        ("[smpt]\nrecipients_max = 100\n", 1, ("smpt", "smtp")),
        ('[listen]\nsmtp = ["127.0.0.1"]\n', 2, ("smtp", "127.0.0.1", "host:port")),
        ('[listen]\nsmtp = "127.0.0.1:25"\n', 2, ("smtp", "127.0.0.1:25")),
        ('[listen]\nimap = ["127.0.0.1:70000"]\n', 2, ("imap", "70000", "65535")),
        ('[log]\nlevel = "loud"\n', 2, ("level", "loud", "info")),
        ('[store]\nurl = "mysql:"\n', 2, ("url", "mysql:", "sqlite:")),
        ("[tls]\nallow_plaintext_auth = 1\n", 2, ("allow_plaintext_auth", "1", "true")),
        ("[imap]\nidle_seconds_max = 60\n", 2, ("idle_seconds_max", "60", "1800")),
        ("workers = 1\nworkers = 2\n", 2, ("overwrite",)),
        ("workers = \n", 1, ()),
        ("[listen\n", 1, ()),
        ('[[route]]\ndomain = "example.net"\nto = "nowhere"\n', 3, ("to", "nowhere", "host:port")),
    ],
    ids=lambda value: value.replace("\n", " ")[:30] if isinstance(value, str) else "",
)
def test_each_fault_is_told(tmp_path: Path, text: str, line: int, words: tuple[str, ...]) -> None:
    """File and line, the key, what was found, what is allowed; no traceback; exit 78."""
    ended = serve(tmp_path, text)

    assert ended.returncode == 78, ended.stderr
    assert f"posthouse.toml:{line}" in ended.stderr
    for word in words:
        assert word in ended.stderr, f"{word!r} is not in {ended.stderr!r}"
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_all_faults_at_once(tmp_path: Path) -> None:
    """Two faults are told in one go."""
    ended = serve(tmp_path, 'workers = -1\n[log]\nlevel = "loud"\n')

    assert "posthouse.toml:1" in ended.stderr
    assert "posthouse.toml:3" in ended.stderr


@pytest.mark.parametrize("octets", [b"\xff\xfe", b"\0", b"workers = 1\r\0\n"], ids=repr)
def test_a_file_that_is_no_text(tmp_path: Path, octets: bytes) -> None:
    """Octets that are no TOML are a fault of the file, not of ours."""
    (tmp_path / "posthouse.toml").write_bytes(octets)
    ended = subprocess.run(
        [*command(), "serve", "--config", str(tmp_path / "posthouse.toml")],
        env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert ended.returncode == 78
    assert "posthouse.toml" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A configuration that was asked for by name must exist."""
    for name in ("missing.toml", "."):
        ended = subprocess.run(
            [*command(), "serve", "--config", str(tmp_path / name)],
            env=environment(), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert ended.returncode == 78
        assert str(tmp_path) in ended.stderr
        assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("content", [None, "no certificate\n"], ids=["missing", "garbage"])
def test_a_certificate_that_is_none(tmp_path: Path, content: str | None) -> None:
    """A certificate that cannot be used is a fault of the configuration: 78, the file named."""
    file = tmp_path / "chain.pem"
    if content is not None:
        file.write_text(content)
    listen = '[listen]\nsmtp = ["127.0.0.1:0"]\n' + "".join(
        f"{name} = []\n" for name in (*SILENT, "imap", "imaps", "http")
    )

    ended = serve(tmp_path, f'data = "{tmp_path}/d"\n{listen}[tls]\ncertificate = "{file}"\n')

    assert ended.returncode == 78, ended.stderr
    assert str(file) in ended.stderr
    assert "Traceback" not in ended.stderr
