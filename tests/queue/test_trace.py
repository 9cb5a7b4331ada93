"""A letter's trace packs and reads back."""

from posthouse.queue.trace import LINES_MAX, Station, pack, unpack


def test_stations_read_back() -> None:
    """Times, names and facts, Chinese too."""
    stations = [Station(1, "accept", "smtp", (("peer", "192.0.2.1"), ("helo", "邮件")))]

    assert unpack(pack(stations)) == stations


def test_a_trace_is_bounded() -> None:
    """Lines beyond the limit are not kept."""
    line = Station(1, "a", "b", ())

    assert len(unpack(pack([line] * LINES_MAX))) == LINES_MAX
    assert len(unpack(pack([line] * (LINES_MAX + 1)))) == LINES_MAX
