"""Who sends the letters of a measurement: Postfix's smtp-source, and over TLS a program of ours.

`tls_source.c` where a C compiler and OpenSSL's headers are here, so that the generator takes little
of the two cores it shares with the server; else `tls_source.py`, which says the same and may be the
limit.
"""

import shutil
import subprocess
import sys
from base64 import b64encode
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
BUILD = HERE.parent / "build"
PASSWORD = "secret"


@cache
def tls_source() -> list[str]:
    """The program that speaks STARTTLS; compiled when it is older than its text."""
    text, program = HERE / "tls_source.c", BUILD / "tls_source"
    if program.exists() and program.stat().st_mtime > text.stat().st_mtime:
        return [str(program)]
    compiler = shutil.which("cc")
    if compiler is not None:
        BUILD.mkdir(exist_ok=True)
        command: list[str | Path] = [compiler, "-O2", "-pthread", "-o", program, text]
        command += ["-lssl", "-lcrypto"]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return [str(program)]
    return [sys.executable, str(HERE / "tls_source.py")]


def plain_token(user: str) -> str:
    """What AUTH PLAIN says for a user of the bench. RFC 4616 2"""
    return b64encode(f"\0{user}\0{PASSWORD}".encode()).decode()
