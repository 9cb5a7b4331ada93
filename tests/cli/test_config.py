"""`posthouse config`."""

import tomllib

from cli.conftest import Command


def test_explain_is_a_configuration(posthouse: Command) -> None:
    """Every key with meaning and default, and the whole page can be used as a file."""
    page = posthouse.bare("config", "--explain").out
    read = tomllib.loads(page)
    assert read["smtp"]["recipients_max"] == 1000
    assert read["listen"]["smtp"] == ["127.0.0.1:2525"]
    assert "# The name of this server" in page
    posthouse.config.write_text(page)
    posthouse.run("config")


def test_explain_one_section(posthouse: Command) -> None:
    """Only what was asked for."""
    page = posthouse.bare("config", "--explain", "smtp").out
    assert "[smtp]" in page
    assert "[imap]" not in page


def test_what_is_used(posthouse: Command) -> None:
    """Without --explain the values of this configuration, with what the default was."""
    posthouse.configure("[smtp]\nrecipients_max = 500\n")
    page = posthouse.run("config").out
    assert "recipients_max = 500  # default: 1000" in page
