"""The index of standards and the code agree, and the checker sees what it should see."""

from pathlib import Path
from typing import Any

import pytest
from scripts.reference_protocols import load_check

ROOT = Path(__file__).parents[1]


check = load_check()


def test_source_and_index_agree() -> None:
    """What src cites is in the index, and what the index calls done is cited and tested."""
    entries = check.index(ROOT / "rfc/index.toml")
    found = check.cited(ROOT / "src/posthouse")

    assert list(check.wrong_entries(entries, ROOT)) == []
    assert list(check.wrong_citations(entries, found)) == []
    assert found != []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# RFC 5321 4.5.2", [(5321, "4.5.2")]),
        ("# RFC 5321 4.1.1.4, 4.5.2", [(5321, "4.1.1.4"), (5321, "4.5.2")]),
        ("RFC 3501, 9051.", [(3501, ""), (9051, "")]),
        ("RFC 4954, 3501 6.2, 5802.", [(4954, ""), (3501, "6.2"), (5802, "")]),
        ("RFC 2045-2047, 2231", [(2045, ""), (2046, ""), (2047, ""), (2231, "")]),
        ("RFC 5256 3 FROM", [(5256, "3")]),
        ("as RFC 3461\n    # 4.2 says", [(3461, "4.2")]),
        ("RFC 3501 6.4.2; 4315 2.1; 3691", [(3501, "6.4.2"), (4315, "2.1"), (3691, "")]),
        ("RFC 3464 Appendix C", [(3464, "Appendix C")]),
        ("RFC 5321 2.3.1, 3461, 6531.", [(5321, "2.3.1"), (3461, ""), (6531, "")]),
        ("No standard here, only 5321.", []),
    ],
)
def test_citations_are_read(text: str, expected: list[tuple[int, str]]) -> None:
    """Sections, lists, ranges and line breaks are understood."""
    found = [(c.number, c.section) for c in check.citations(text, "x.py")]

    assert found == expected


def entry(**keys: Any) -> dict[str, Any]:
    return {"number": 5321, "title": "SMTP", "state": "partial", **keys}


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ([{"number": 1}], "has no state, title"),
        ([entry(state="almost")], "state is 'almost'"),
        ([entry(), entry()], "stands there twice"),
        ([entry(stat="no")], "unknown key stat"),
        ([entry(state="done")], "where names nothing"),
        (
            [entry(state="done", where=["no/such"], tests=["tests"])],
            "no/such, which does not exist",
        ),
        (
            [entry(state="done", where=["src"], tests=["tests/wire"])],
            "tests/wire is a folder; name the files that prove it",
        ),
        (
            [entry(state="done", where=["src"], tests=["tests/test_skips.py"])],
            "tests/test_skips.py does not cite it",
        ),
        (
            [entry(state="done", where=["src"], tests=["tests/test_rfc.py::test_nothing"])],
            "there is no test_nothing in tests/test_rfc.py",
        ),
    ],
)
def test_wrong_entries_are_named(entries: list[dict[str, Any]], complaint: str) -> None:
    """A mistake in the index is found and said."""
    assert complaint in "\n".join(check.wrong_entries(entries, ROOT))


def test_unknown_and_uncited_are_named() -> None:
    """A citation that the index lacks fails, and so does a done RFC that nobody cites."""
    found = list(check.citations("RFC 1939 3", "wire/pop3.py"))

    complaints = list(check.wrong_citations([entry(state="done")], found))

    assert complaints == [
        "RFC 1939: cited in wire/pop3.py, not in rfc/index.toml",
        "RFC 5321: done, but nothing in src cites it",
    ]


def test_table_turns_citations_round() -> None:
    """The table shows who cites which section."""
    found = list(check.citations("RFC 5321 4.5.2 and RFC 5321", "a.py"))

    assert list(check.table([entry()], found)) == [
        "RFC 5321 SMTP: partial",
        "    4.5.2      a.py",
        "    whole      a.py",
    ]
