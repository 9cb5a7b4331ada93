"""The command in this process, with a house of its own in a folder of the test."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from posthouse.cli.main import main


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Command:
    """`run("account", "list")` is `posthouse --config FILE account list`."""

    def __init__(
        self,
        folder: Path,
        capsys: pytest.CaptureFixture[str],
        type_in: Callable[[io.StringIO], None],
    ) -> None:
        self.data = folder / "data"
        self.config = folder / "posthouse.toml"
        self._capsys = capsys
        self._type_in = type_in
        self.data.mkdir(mode=0o700)
        self.configure("")

    def configure(self, more: str) -> None:
        text = f'hostname = "mail.example.org"\ndata = "{self.data}"\n{more}'
        self.config.write_text(text, "utf-8")

    def run(self, *words: str, said: str = "", code: int = 0) -> Ended:
        """Runs one command; its code must be as expected."""
        return self.bare("--config", str(self.config), *words, said=said, code=code)

    def bare(self, *words: str, said: str = "", code: int = 0) -> Ended:
        """The same without a configuration named."""
        self._type_in(io.StringIO(said))
        self._capsys.readouterr()
        try:
            ended = main(list(words))
        except SystemExit as leaving:  # argparse, after --help
            ended = int(leaving.code or 0)
        told = self._capsys.readouterr()
        assert ended == code, f"{words}: {ended}\n{told.out}\n{told.err}"
        assert "Traceback" not in told.err
        return Ended(ended, told.out, told.err)


@pytest.fixture
def posthouse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    """An empty house."""
    monkeypatch.delenv("POSTHOUSE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    return Command(tmp_path, capsys, lambda said: monkeypatch.setattr("sys.stdin", said))


@pytest.fixture
def populated(posthouse: Command) -> Command:
    """A house with ann and bob of example.org."""
    posthouse.run("domain", "add", "example.org")
    for name in ("ann", "bob"):
        posthouse.run("account", "add", f"{name}@example.org", "--password-stdin", said="secret")
    return posthouse
