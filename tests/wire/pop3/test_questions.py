"""What the core asks."""

from posthouse.wire.pop3 import questions


def test_questions_are_values() -> None:
    """Equal by what they ask, so that tests and traces can compare them."""
    assert questions.LetterWanted(1, 0, 9) == questions.LetterWanted(1, 0, 9)
    assert questions.Leave(((1, 2),)) != questions.Leave(())
    assert questions.Breath() == questions.Breath()
