"""How commands speak."""

import io

import pytest

from posthouse.cli import exits
from posthouse.cli.output import confirm, octets_of, octets_text, show, show_one, table, width


class Terminal(io.StringIO):
    """Standard input of somebody who sits there."""

    def isatty(self) -> bool:
        return True


def test_tables_stand_in_columns() -> None:
    """Chinese characters take two columns, and the columns behind them still stand in line."""
    lines = table(["name", "n"], [["安", "1"], ["ann", "22"], ["李雷和韩", ""]]).splitlines()

    assert lines == ["NAME      N", "安        1", "ann       22", "李雷和韩"]
    assert width("安a") == 3


def test_listings(capsys: pytest.CaptureFixture[str]) -> None:
    """Booleans, nothing and lists read as people write them; JSON keeps them, and Chinese as it
    is."""
    rows = [{"name": "安", "is_on": True, "left": None, "to": ["a", "b"]}]
    show(rows, ("name", "is_on", "left", "to"), as_json=False)
    assert capsys.readouterr().out.splitlines()[1].split() == ["安", "yes", "-", "a,", "b"]
    show(rows, ("name",), as_json=True)
    assert '"安"' in capsys.readouterr().out
    show_one(rows[0], as_json=False)
    assert capsys.readouterr().out.splitlines()[1] == "is on  yes"
    show_one({"a": 1}, as_json=True)
    assert capsys.readouterr().out == '{\n  "a": 1\n}\n'
    show([], ("name",), as_json=False)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("0", 0), ("1024", 1024), ("500M", 500 << 20), ("2g", 2 << 30), ("1GiB", 1 << 30),
        ("7TB", 7 << 40), ("", None), ("M", None), ("-1", None), ("1.5G", None), ("1X", None),
        ("3 K", None), ("١", None), ("²", None),
    ],
)  # fmt: skip
def test_sizes_are_read(text: str, octets: int | None) -> None:
    """Whole numbers with a unit or none; everything else is refused with an example."""
    if octets is not None:
        assert octets_of(text) == octets
        return
    with pytest.raises(exits.Stop) as stop:
        octets_of(text)
    assert stop.value.code == exits.USAGE
    assert "500M" in stop.value.hint


def test_sizes_are_shown() -> None:
    """Three digits and a unit."""
    sizes = (0, 1023, 1024, 1536, 123 << 20, 5 << 30, 3 << 40, 9999 << 40)
    assert [octets_text(size) for size in sizes] == [
        "0 B", "1023 B", "1.0 KiB", "1.5 KiB", "123 MiB", "5.0 GiB", "3.0 TiB", "9999.0 TiB",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "goes_on"),
    [("y\n", 1), ("YES\n", 1), ("是\n", 1), ("n\n", 0), ("\n", 0), ("", 0)],
)
def test_confirmation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], said: str, goes_on: int
) -> None:
    """Only a clear yes goes on."""
    monkeypatch.setattr("sys.stdin", Terminal(said))
    if goes_on:
        confirm("sure?", yes=False)
    else:
        with pytest.raises(exits.Stop) as stop:
            confirm("sure?", yes=False)
        assert stop.value.code == exits.TEMPORARY
    assert "sure? [y/N]" in capsys.readouterr().err


def test_confirmation_of_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal nobody is asked: --yes, or it is not done."""
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    confirm("sure?", yes=True)
    with pytest.raises(exits.Stop) as stop:
        confirm("sure?", yes=False)
    assert stop.value.code == exits.USAGE
    assert "--yes" in stop.value.hint
