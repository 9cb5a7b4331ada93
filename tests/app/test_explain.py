"""What is told about every key is a config file itself."""

import tomllib

from posthouse.app.config import SECTIONS, default_config
from posthouse.app.config_load import parse_config
from posthouse.app.explain import WIDTH, explain


def test_the_example_file_equals_the_defaults() -> None:
    """The text of all sections, read as a file, changes nothing; its lines are short."""
    text = explain()

    assert parse_config(text, None, {}).parts == default_config().parts
    assert all(len(line) <= WIDTH + 4 for line in text.splitlines() if line.startswith("#"))


def test_every_key_is_explained() -> None:
    """Each key of each section stands in it, behind its meaning and what is allowed."""
    text = explain()
    keys = {
        key for table in tomllib.loads(text).values() if isinstance(table, dict) for key in table
    }

    for section in SECTIONS:
        assert not section.name or f"[{section.name}]" in text
    assert {"smtp", "backlog_max", "letter_octets_max", "certificate"} <= keys
    assert "# domain = " in text  # of [[route]], which a file need not have
    assert text.count("Allowed: ") >= len(keys)


def test_only_a_part_and_what_was_changed() -> None:
    """One section alone; a value that differs says its default."""
    config = parse_config("[net]\nbacklog_max = 5\n", None, {})

    text = explain(config, only="net.back")

    assert text.splitlines()[1] == "[net]"
    assert "backlog_max = 5  # default: 1024" in text
    assert "handshake" not in text
    assert explain(only="nothing-like-it") == ""
