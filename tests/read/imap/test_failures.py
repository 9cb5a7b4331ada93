"""Every reason of the store has an answer, and the log hears what is not the client's business."""

import pytest

from posthouse.base.clock import SetClock
from posthouse.base.errors import Blame, Refusal
from posthouse.base.log import Level, Log
from posthouse.read.imap.failures import refused, refused_login, refused_target
from posthouse.store.contract import StoreFailure
from posthouse.store.values import Why


@pytest.mark.parametrize("why", list(Why))
def test_every_reason_has_an_answer(why: Why) -> None:
    """With a response code, and without the store's own words."""
    lines: list[bytes] = []
    log = Log(SetClock(), lines.append, Level.INFO)
    failure = StoreFailure(why, "secret words")

    answer = refused(failure, log)

    assert answer.code
    assert "secret" not in answer.text
    assert bool(lines) is (why in (Why.FULL, Why.AWAY, Why.OURS))
    expected = b"TRYCREATE" if why is Why.NO_MAILBOX else answer.code
    assert refused_target(failure, log).code == expected


def test_a_login_fails_by_the_client_or_by_us() -> None:
    """RFC 5530 3: AUTHENTICATIONFAILED is for the client, UNAVAILABLE for the rest."""
    wrong = refused_login(Refusal(535, "5.7.8", "wrong name or password"))
    away = refused_login(Refusal(454, "4.7.0", "try again later", blame=Blame.WORLD))

    assert (wrong.code, wrong.text) == (b"AUTHENTICATIONFAILED", "Wrong name or password")
    assert away.code == b"UNAVAILABLE"
