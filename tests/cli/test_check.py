"""`posthouse check`."""

import socket

from cli.conftest import Command

NOTHING = "[listen]\n" + "".join(
    f"{service} = []\n"
    for service in (
        "smtp", "submission", "submissions", "lmtp", "imap", "imaps", "pop3", "pop3s",
        "managesieve", "http",
    )
)  # fmt: skip


def test_all_is_well(populated: Command) -> None:
    """Exit 0; what is only worth a note is a note."""
    populated.configure(NOTHING)
    ended = populated.run("check")
    assert "error:" not in ended.out
    assert "note: the certificate is self-signed" in ended.out
    assert f"configuration {populated.config} read" in ended.out
    assert all(not finding["error"] for finding in populated.run("check", "--json").json)


def test_nobody_lives_here(posthouse: Command) -> None:
    """A house without accounts gets the command that makes one."""
    posthouse.configure(NOTHING)
    assert "posthouse account add" in posthouse.run("check").out


def test_errors(populated: Command) -> None:
    """A taken port, an open directory: exit 78, each with what to do."""
    populated.data.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        populated.configure(NOTHING.replace("smtp = []", f'smtp = ["{address}"]', 1))
        ended = populated.run("check", code=78)
        found = populated.run("check", "--json", code=78).json
    assert f"error: smtp on {address}: address already in use" in ended.out
    assert f"chmod 700 {populated.data}" in ended.out
    assert [finding["error"] for finding in found][:2] == [True, True]
    assert set(found[0]) == {"error", "sentence", "hint"}


def test_before_anything_is_there(posthouse: Command) -> None:
    """Without a data directory it says which command makes one, and makes nothing itself."""
    posthouse.data.rmdir()
    posthouse.configure(NOTHING)
    assert "posthouse quickstart" in posthouse.run("check", code=78).out
    assert not posthouse.data.exists()
