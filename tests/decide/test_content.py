"""Letters that go in a circle."""

from posthouse.decide.content import decide_hops, hops


def test_hops_are_received_fields() -> None:
    """In any case, at the start of a line only."""
    header = (
        b"Received: a\r\n\tReceived: b\r\nreceived: c\r\nX-Received: d\r\nSubject: Received: e\r\n"
    )

    assert hops(header) == 2


def test_at_the_limit_and_one_more() -> None:
    """The limit passes, one more does not."""
    assert decide_hops(b"Received: x\r\n" * 50, 50) is None
    refusal = decide_hops(b"Received: x\r\n" * 51, 50)

    assert refusal is not None
    assert (refusal.code, refusal.status) == (554, "5.4.6")
