"""Whose name a person may use."""

import pytest
from tests.turn import run_now

from accept_house import World
from posthouse.base.errors import Refusal
from posthouse.decide.inspector import inspect
from posthouse.decide.sender import Person, decide_authors, decide_sender, is_own
from posthouse.decide.settings import SubmissionSettings

ANN = Person(1, "ann@example.org")


@pytest.mark.parametrize(
    ("address", "own", "received", "domain"),
    [
        ("ann@example.org", True, True, True),
        ("ANN+x@example.org", True, True, True),
        ("sales@example.org", False, True, True),
        ("ann@intern", False, True, True),
        ("bob@example.org", False, False, True),
        ("nobody@example.org", False, False, True),
        ("ann@elsewhere.example", False, False, False),
        ("postmaster@example.org", False, True, True),
        ("broken", False, False, False),
    ],
)
def test_what_is_own(address: str, own: bool, received: bool, domain: bool) -> None:
    """own: the account's; received: whatever leads to it; domain: any of ours; any: all."""
    directory = World().house.directory
    found = {w: run_now(is_own(address, ANN, w, directory)) for w in ("own", "received", "domain")}

    assert found == {"own": own, "received": received, "domain": domain}
    assert run_now(is_own(address, ANN, "any", directory))


def test_the_answer_names_all() -> None:
    """Field, what would be right, what was found."""
    directory = World().house.directory
    with pytest.raises(Refusal) as refusal:
        run_now(decide_sender("bob@example.org", ANN, SubmissionSettings(), directory))

    assert (refusal.value.code, refusal.value.status) == (553, "5.7.1")
    assert refusal.value.say == (
        "MAIL FROM: an address of yours (ann@example.org, also with a subaddress, or an alias that "
        "leads to it), found <bob@example.org>"
    )


@pytest.mark.parametrize("is_allowed", [True, False])
def test_the_null_sender(is_allowed: bool) -> None:
    """As the site says."""
    settings = SubmissionSettings(null_sender=is_allowed)
    asked = decide_sender("", ANN, settings, World().house.directory)
    if is_allowed:
        run_now(asked)
    else:
        with pytest.raises(Refusal, match="MAIL FROM"):
            run_now(asked)


def test_every_author_is_looked_at() -> None:
    """One foreign name among several is enough."""
    found = inspect(
        b"From: ann@example.org, sales@example.org, bob@example.org\r\nSender: ann@example.org\r\n",
        has_utf8=False,
    )
    with pytest.raises(Refusal) as refusal:
        run_now(decide_authors(found, ANN, SubmissionSettings(), World().house.directory))

    assert refusal.value.say.startswith("From: ")
    assert refusal.value.say.endswith("found <bob@example.org>")
