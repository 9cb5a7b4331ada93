"""Who cannot take a letter now: it waits, on either side, and arrives once."""

from collections.abc import Iterator

import pytest

from interop.neighbours.bodies import BODIES
from outside.neighbours.neighbour import Neighbour
from outside.neighbours.neighbourhood import HOUSE, MEGABYTE, Neighbourhood, make_letter, submit

ANN = f"ann@{HOUSE}"


@pytest.fixture
def strict(neighbour: Neighbour) -> Iterator[Neighbour]:
    """It tells ben to come again, and takes no large letter; until it is started anew."""
    usual = neighbour.settings
    neighbour.stop()
    neighbour.change(deferred=(f"ben@{usual.domain}",), letter_octets_max=MEGABYTE)
    neighbour.start()
    yield neighbour
    neighbour.stop()
    neighbour.settings = usual
    neighbour.start()


def test_it_says_come_again_and_later_yes(around: Neighbourhood, strict: Neighbour) -> None:
    """One recipient is deferred, the other has the letter at once; none gets it twice. A letter
    beyond its SIZE comes back at once; while it is down all waits."""
    there = strict.settings.domain
    ben = f"ben@{there}"
    letter = make_letter()
    submit(around.house.smtp_port, letter, ANN, f"ann@{there}", ben)
    around.at(strict, "ann", letter.token)
    assert "451 4.7.1" in around.waiting(ben)["answer"]

    large = make_letter(BODIES["large"])
    submit(around.house.smtp_port, large, ANN, f"ann@{there}")
    (report,) = around.at_house("ann", large.token)
    assert b"Status: 5.3.4" in report or b"Status: 5.2.3" in report
    assert len(report) < MEGABYTE

    strict.stop()
    second = make_letter()
    submit(around.house.smtp_port, second, ANN, f"ann@{there}")
    around.waiting(f"ann@{there}")
    strict.change(deferred=())
    strict.start()

    around.at(strict, "ben", letter.token)
    around.at(strict, "ann", second.token)
    around.settled()
    assert len(around.at(strict, "ann", letter.token)) == 1
    assert len(around.at(strict, "ann", second.token)) == 1


def test_we_are_full_and_later_not(around: Neighbourhood, neighbour: Neighbour) -> None:
    """A full mailbox is answered with 452: the neighbour keeps the letter and tries again."""
    ben = f"ben@{HOUSE}"
    letter = make_letter(b"text\r\n" * 1000)
    since = neighbour.log.stat().st_size
    with around.full("ben"):
        submit(neighbour.port, letter, f"ann@{neighbour.settings.domain}", ben)
        around.await_log(neighbour, "452 4.2.2", since)
        assert ben in neighbour.queue()

    around.emptied(neighbour)
    assert len(around.at_house("ben", letter.token)) == 1


def test_we_are_down_and_back(around: Neighbourhood, neighbour: Neighbour) -> None:
    """The neighbour keeps what it has for us, and brings it when we are there again."""
    letter = make_letter()
    around.house.stop()
    try:
        submit(neighbour.port, letter, f"ann@{neighbour.settings.domain}", ANN)
        assert ANN in neighbour.queue()
    finally:
        around.house.start()

    around.emptied(neighbour)
    assert len(around.at_house("ann", letter.token)) == 1
