"""Lines of keys in TOML."""

from posthouse.app.toml_lines import key_lines

TEXT = """\
# a comment with key = 1
top = 1
[table]  # said
"quoted key" = 2
a.b.c = 3
list = [
  # c = 4
  "x = 1",
]
text = \"\"\"
d = 5
\"\"\"
[table.inner]
e = 6
[[many]]
f = 7
[[many]]
f = 8
g = 9"""


def test_every_key_has_its_line() -> None:
    """Comments, texts and lists over several lines do not mislead; tables of a list are counted."""
    lines = key_lines(TEXT)

    assert lines[("top",)] == 2
    assert lines[("table",)] == 3
    assert lines[("table", "quoted key")] == 4
    assert lines[("table", "a", "b", "c")] == 5
    assert lines[("table", "a")] == 5
    assert lines[("table", "list")] == 6
    assert lines[("table", "text")] == 10
    assert lines[("table", "inner", "e")] == 14
    assert lines[("many", 0)] == 15
    assert lines[("many", 0, "f")] == 16
    assert lines[("many", 1, "f")] == 18
    assert lines[("many", 1, "g")] == 19
    assert not any("c" in path or "d" in path for path in lines if len(path) == 2)
