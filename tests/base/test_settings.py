"""Settings carry their meaning and bounds."""

from dataclasses import dataclass, fields

import pytest

from posthouse.base.settings import setting


def test_a_setting_is_a_field_with_its_meaning() -> None:
    """Default, meaning, bounds and choices are found on the field."""

    @dataclass(frozen=True)
    class Section:
        count: int = setting(3, "How many.", least=1, most=9)
        level: str = setting("info", "Which.", choices=("info", "debug"))

    count, level = fields(Section)
    assert Section().count == 3
    assert (count.metadata["meaning"], count.metadata["least"], count.metadata["most"]) == (
        "How many.",
        1,
        9,
    )
    assert level.metadata["choices"] == ("info", "debug")


def test_a_default_cannot_be_changed_by_accident() -> None:
    """A list is refused as a default."""
    with pytest.raises(TypeError, match="immutable"):
        setting([], "A list.")
