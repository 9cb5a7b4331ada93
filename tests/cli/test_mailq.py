"""`posthouse mailq`."""

from cli.conftest import Command


def test_an_empty_queue(populated: Command) -> None:
    """Says so in the words that scripts look for; nothing for programs."""
    assert populated.run("mailq").out == "Mail queue is empty\n"
    assert populated.run("mailq", "--json").json == []
