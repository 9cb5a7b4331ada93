"""Where a password comes from."""

import argparse
import io
from pathlib import Path

import pytest

from posthouse.cli import exits
from posthouse.cli.passwords import add_password_options, read_password


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_password_options(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize(
    ("text", "password"),
    [("secret", "secret"), ("secret\n", "secret"), ("secret\r\n", "secret"), (" a b \n", " a b "),
     ("密码\n", "密码"), ("", None), ("\n", None), ("a\nb\n", None)],
)  # fmt: skip
def test_standard_input_and_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, password: str | None
) -> None:
    """One line, its end taken off, nothing else; from both the same."""
    file = tmp_path / "password"
    file.write_text(text, "utf-8", newline="")
    for words in (("--password-stdin",), ("--password-file", str(file))):
        monkeypatch.setattr("sys.stdin", io.StringIO(text, newline=""))
        if password is not None:
            assert read_password(arguments(*words), "ann") == password
            continue
        with pytest.raises(exits.Stop) as stop:
            read_password(arguments(*words), "ann")
        assert stop.value.code == exits.DATA


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file and one that is no text are errors with the file's name."""
    (tmp_path / "binary").write_bytes(b"\xff")
    for name in ("missing", "binary", "."):
        with pytest.raises(exits.Stop) as stop:
            read_password(arguments("--password-file", str(tmp_path / name)), "ann")
        assert stop.value.code == exits.DATA
        assert str(tmp_path) in stop.value.sentence


def test_without_a_terminal_there_is_no_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A script is told how to give the password, and never waits."""
    monkeypatch.setattr("sys.stdin", io.StringIO("secret\n"))
    with pytest.raises(exits.Stop) as stop:
        read_password(arguments(), "ann@example.org")
    assert stop.value.code == exits.USAGE
    assert "ann@example.org" in stop.value.sentence
    assert "--password-stdin" in stop.value.hint


def test_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person types it twice; two different ones change nothing."""
    terminal = io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stdin", terminal)
    for typed, is_same in ((["one", "one"], True), (["one", "two"], False)):
        answers = iter(typed)
        monkeypatch.setattr("getpass.getpass", lambda _prompt, answers=answers: next(answers))
        if is_same:
            assert read_password(arguments(), "ann") == "one"
        else:
            with pytest.raises(exits.Stop) as stop:
                read_password(arguments(), "ann")
            assert "differ" in stop.value.sentence


def test_both_at_once_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Either from standard input or from a file."""
    with pytest.raises(SystemExit):
        arguments("--password-stdin", "--password-file", "x")
    capsys.readouterr()
