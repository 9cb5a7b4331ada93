"""The way in: words to a command, what goes wrong to sentences and codes."""

import subprocess
import sys
from pathlib import Path

import pytest

from cli.conftest import Command
from outside.server import environment
from posthouse.cli.commands import COMMANDS
from posthouse.cli.main import help_text


def test_help_names_every_command(posthouse: Command) -> None:
    """Each command of the table is on the first page, and has a page of its own."""
    page = posthouse.bare("--help").out
    assert page == help_text()
    for name, about in COMMANDS.items():
        assert f"  {name}" in page
        assert about.summary in page
        assert f"usage: posthouse {name}" in posthouse.bare(name, "--help").out
        assert posthouse.bare("help", name).out == posthouse.bare(name, "--help").out


def test_without_words(posthouse: Command) -> None:
    """The page of help, and 64: something was missing."""
    assert posthouse.bare(code=64).out == help_text()


def test_version(posthouse: Command) -> None:
    """`--version` and `version` are the same."""
    assert posthouse.bare("--version").out.startswith("posthouse ")
    assert posthouse.bare("version").out == posthouse.bare("-V").out


def test_unknown_command(posthouse: Command) -> None:
    """64, and the command that was probably meant."""
    ended = posthouse.bare("acount", "list", code=64)
    assert "there is no command 'acount'" in ended.err
    assert "did you mean 'account'?" in ended.err
    assert "posthouse --help" in posthouse.bare("xyzzy", code=64).err


@pytest.mark.parametrize(
    "words",
    [
        ("domain",),
        ("domain", "what"),
        ("domain", "add"),
        ("status", "x"),
        ("domain", "list", "--js"),
    ],
    ids=" ".join,
)
def test_wrong_usage(posthouse: Command, words: tuple[str, ...]) -> None:
    """Usage and a sentence on standard error, nothing on the other, exit 64."""
    ended = posthouse.run(*words, code=64)
    assert "usage: posthouse" in ended.err
    assert "hint: posthouse" in ended.err
    assert ended.out == ""


def test_config_stands_anywhere(posthouse: Command) -> None:
    """--config before or after the subcommand, with = or a space; not behind --."""
    config = str(posthouse.config)
    posthouse.bare("--config", config, "domain", "add", "example.org")
    for words in (
        ("domain", "list", "--json", "--config", config),
        ("domain", "--config", config, "list", "--json"),
        (f"--config={config}", "domain", "list", "--json"),
        ("domain", "list", f"--config={config}", "--json"),
    ):
        assert posthouse.bare(*words).json[0]["domain"] == "example.org"
    assert "wants a file" in posthouse.bare("domain", "list", "--config", code=64).err
    posthouse.bare("domain", "list", "--", "--config", config, code=64)


def test_config_by_the_environment(posthouse: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """POSTHOUSE_CONFIG names the file where --config does not; then ./var/posthouse.toml."""
    posthouse.run("domain", "add", "example.org")
    monkeypatch.setenv("POSTHOUSE_CONFIG", str(posthouse.config))
    assert posthouse.bare("domain", "list", "--json").json[0]["domain"] == "example.org"
    monkeypatch.delenv("POSTHOUSE_CONFIG")
    Path("var").mkdir()
    Path("var/posthouse.toml").write_text(posthouse.config.read_text())
    assert posthouse.bare("domain", "list", "--json").json[0]["domain"] == "example.org"


def test_a_wrong_configuration(posthouse: Command) -> None:
    """Every command that reads it ends with 78 and names file, line and key."""
    posthouse.configure("[smtp]\nrecipients_max = 7\n")
    for words in (
        ("domain", "list"),
        ("status",),
        ("check",),
        ("verify",),
        ("serve",),
        ("config",),
    ):
        ended = posthouse.run(*words, code=78)
        assert "posthouse.toml:4: smtp.recipients_max" in ended.err
    posthouse.config.unlink()
    posthouse.run("domain", "list", code=78)


def test_a_closed_pipe_is_quiet(populated: Command) -> None:
    """`posthouse ... | head -0` says nothing and ends well."""
    words = [
        sys.executable,
        "-m",
        "posthouse",
        "--config",
        str(populated.config),
        "config",
        "--explain",
    ]
    process = subprocess.Popen(
        words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 0
    assert said == b""


def test_no_traceback_for_a_fault_of_ours(
    posthouse: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody thought of ends with 70 and one sentence."""

    def fails(_arguments: object) -> int:
        raise RuntimeError("not thought of")

    monkeypatch.setattr("posthouse.cli.domain.run", fails)
    assert "RuntimeError: not thought of" in posthouse.run("domain", "list", code=70).err


def test_interrupted(posthouse: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends a command with 130, quietly."""

    def interrupted(_arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("posthouse.cli.domain.run", interrupted)
    assert posthouse.run("domain", "list", code=130).err == ""
