"""Questions are small values."""

from typing import get_args

import pytest

from posthouse.wire.smtp.questions import BodyComplete, Question, SenderOffered
from posthouse.wire.smtp.server import ANSWERED


@pytest.mark.parametrize("kind", get_args(Question), ids=lambda kind: kind.__name__)
def test_a_question_is_a_small_value(kind: type) -> None:
    """No question has a dictionary, each says what it is and has its way back."""
    assert "__dict__" not in dir(kind)
    assert kind.__doc__
    assert kind in ANSWERED


def test_questions_compare_by_value() -> None:
    """Tests and traces compare them."""
    assert SenderOffered("a@b") == SenderOffered("a@b", size=None)
    assert BodyComplete(b"a", 1) != BodyComplete(b"b", 1)
