"""The table of commands."""

import pytest

from posthouse.wire.imap.table import COMMANDS, GONE, HEAD, SELECTED, TAG


@pytest.mark.parametrize(
    ("line", "tag", "name"),
    [
        (b"a1 NOOP", b"a1", b"NOOP"),
        (b"a]b noop x", b"a]b", b"noop"),
        (b"* UID FETCH 1", None, None),
        (b"1 uid Fetch 1", b"1", b"uid Fetch"),
        (b"1 UID", b"1", b"UID"),
        (b"1 UID  FETCH", b"1", b"UID"),
        (b"1 LOGIN{3}", None, None),
        (b"x" * 1000 + b" NOOP", b"x" * 1000, b"NOOP"),
        (b"x" * 1001 + b" NOOP", None, None),
        (b"a+ NOOP", None, None),
    ],
)
def test_head(line: bytes, tag: bytes | None, name: bytes | None) -> None:
    """A command begins with a tag (no `+` in it, no `*`) and a name."""
    match = HEAD.match(line)

    assert (match and match[1], match and match[2]) == (tag, name)
    if tag is not None:
        assert TAG.match(line)


def test_uid_commands_belong_to_a_mailbox() -> None:
    """What begins with UID needs a selected mailbox, and says so to its parser."""
    for name, entry in COMMANDS.items():
        assert entry.is_uid is name.startswith(b"UID ")
        if entry.is_uid:
            assert entry.states == SELECTED


def test_gone_is_gone() -> None:
    """What we call gone is no command."""
    assert not GONE.keys() & COMMANDS.keys()
