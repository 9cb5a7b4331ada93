"""Refusals."""

import pytest

from posthouse.base.errors import Blame, Refusal


def test_a_refusal_keeps_what_the_peer_reads_apart_from_the_note() -> None:
    """`say` is for the peer, `note` for the log."""
    refusal = Refusal(550, "5.1.1", "no such mailbox", "ann@x", Blame.PEER)

    assert "ann" not in str(refusal)
    assert refusal.blame is Blame.PEER


def test_code_and_status_have_one_class() -> None:
    """4xx with 5.x.x is a fault of ours."""
    with pytest.raises(AssertionError):
        Refusal(450, "5.1.1", "no")
