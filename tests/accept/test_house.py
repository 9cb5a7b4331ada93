"""What doors share."""

from accept_house import World


def test_doors_share_the_room_for_letters() -> None:
    """A letter coming in at one door takes the room of all: the worker has one memory."""
    world = World()
    world.house.flight.octets_max = 1
    one, other = world.session(world.smtp_door()), world.session(world.lmtp_door())
    one.lines("EHLO a", "MAIL FROM:<>", "RCPT TO:<ann@example.org>")
    other.lines("LHLO b", "MAIL FROM:<>", "RCPT TO:<ann@example.org>")

    assert one.lines("DATA")[0].startswith("354")
    assert other.lines("DATA")[0].startswith("452 4.3.1")
    one.visit.ended()
    assert other.lines("DATA")[0].startswith("354")
    other.visit.ended()
