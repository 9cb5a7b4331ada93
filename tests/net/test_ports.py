"""Who stands in where there is no core, no visit and no transport."""

from posthouse.net.ports import NO_FACTS, NO_TRANSPORT, NO_VISIT, NOBODY


def test_nobody_takes_everything_and_says_nothing() -> None:
    """A call that comes late does no harm."""
    NOBODY.receive(b"x")
    NOBODY.answer(None)
    NOBODY.tls_stands()
    NOBODY.timed_out()
    NOBODY.shut_down()
    assert NOBODY.next_question() is None
    assert NOBODY.take_output() == b""
    assert NOBODY.wants_input
    assert not NOBODY.closing
    assert not NOBODY.starting_tls
    NO_VISIT.ended()
    NO_TRANSPORT.set_write_buffer_limits(high=1)
    NO_TRANSPORT.write(b"x")
    NO_TRANSPORT.pause_reading()
    NO_TRANSPORT.resume_reading()
    NO_TRANSPORT.close()
    NO_TRANSPORT.abort()
    assert NO_TRANSPORT.get_extra_info("peername", "nobody") == "nobody"
    assert NO_FACTS.address == ""
