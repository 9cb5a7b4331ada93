"""Exit codes of sysexits.h, as every command of ours uses them."""

from typing import Final

OK: Final = 0
USAGE: Final = 64
DATA: Final = 65
UNAVAILABLE: Final = 69
INTERNAL: Final = 70
TEMPORARY: Final = 75
PERMISSION: Final = 77
CONFIG: Final = 78


class Stop(Exception):
    """Ends a command with a sentence for the user, a hint on the next step, and an exit code."""

    def __init__(self, code: int, sentence: str, hint: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.hint = hint
