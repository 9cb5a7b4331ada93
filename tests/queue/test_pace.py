"""How many connections a destination is trusted with."""

from posthouse.queue.pace import Pace, may_open


def test_trust_is_earned_and_lost() -> None:
    """One at first; one more for each quick letter, half for each failure; never none."""
    pace = Pace(4)
    seen = [pace.allowed]
    for seconds in (0.1, 5.0, 0.1, 0.1, 0.1):
        pace.succeeded(seconds)
        seen.append(pace.allowed)
    for _ in range(3):
        pace.failed()
        seen.append(pace.allowed)

    assert seen == [1, 2, 2, 3, 4, 4, 2, 1, 1]


def opens(**given: int) -> bool:
    facts = {"mine": 0, "allowed": 9, "open_now": 0, "suspects_now": 0, "most": 100} | given
    return may_open(is_suspect=bool(facts.pop("suspect", 0)), **facts)


def test_the_dead_leave_room_for_the_living() -> None:
    """Suspects have one connection each and a quarter of all; a second one is only had while a
    quarter is free, so that a new destination always finds one."""
    assert opens()
    assert not opens(open_now=100)
    assert not opens(mine=9)
    assert opens(suspect=1, suspects_now=24)
    assert not opens(suspect=1, suspects_now=25)
    assert not opens(suspect=1, mine=1)
    assert opens(mine=1, open_now=74)
    assert not opens(mine=1, open_now=75)
    assert opens(mine=0, open_now=99)
