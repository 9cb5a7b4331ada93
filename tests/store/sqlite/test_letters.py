"""SQL for reading letters."""

import pytest

from posthouse.store.contract import Condition
from posthouse.store.sqlite.letters import find_statement, letters_statement


def test_tables_are_joined_only_when_they_are_needed() -> None:
    """Flags need no email, an envelope no body."""
    assert "email" not in letters_statement(("uid", "flags")).replace("p.email", "")
    assert "JOIN body" not in letters_statement(("uid", "envelope"))
    assert "JOIN body" in letters_statement(("octets",))


def test_conditions_on_the_placement_come_first() -> None:
    """So that fewer wide rows are visited; values are bound, never written into the text."""
    text = "x' OR 1=1 --"
    statement, bindings = find_statement(
        (Condition("from_text", "contains", text), Condition("flags", "bits_off", 1))
    )

    assert statement.index("p.flags") < statement.index('e."from_text"')
    assert bindings == (1, text)
    assert text not in statement


def test_only_fields_of_the_contract_are_known() -> None:
    """A name from elsewhere never comes into the text."""
    with pytest.raises(ValueError, match="no field"):
        letters_statement(("uid; DROP TABLE email",))
    with pytest.raises(ValueError, match="no field"):
        find_statement((Condition("1) OR (1", "equal", 1),))
