"""What the client hears when the store said no."""

import pytest

from posthouse.base.clock import SetClock
from posthouse.base.log import Log
from posthouse.read.pop3.failures import refused
from posthouse.store.contract import StoreFailure
from posthouse.store.values import Why
from posthouse.wire.pop3.answers import IN_USE, SYS_PERM, SYS_TEMP


@pytest.mark.parametrize("why", list(Why))
def test_every_reason_has_an_answer(why: Why) -> None:
    """Each has a code that tells what to do next; what is inside goes to the log only."""
    lines: list[bytes] = []
    answer = refused(StoreFailure(why, "inner"), Log(SetClock(), lines.append))

    assert answer.code in (IN_USE, SYS_TEMP, SYS_PERM)
    assert "inner" not in answer.text
    is_logged = why not in (Why.IN_USE, Why.GONE, Why.NO_MAILBOX)
    assert is_logged == (b"inner" in b"".join(lines))
