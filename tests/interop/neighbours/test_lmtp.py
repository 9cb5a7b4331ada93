"""Real mail servers in front of the house: they deliver by LMTP, on both listeners. RFC 2033"""

import pytest

from interop.neighbours.bodies import BODIES
from outside.neighbours.neighbour import Neighbour
from outside.neighbours.neighbourhood import LMTP_DOMAINS, Neighbourhood, make_letter, submit

pytestmark = pytest.mark.parametrize("domain", LMTP_DOMAINS, ids=["unix", "tcp"])


@pytest.mark.parametrize("body", ["dots", "every_octet", "large"])
def test_the_octets_arrive(
    around: Neighbourhood, neighbour: Neighbour, domain: str, body: str
) -> None:
    """A text is in the INBOX as the front server had it; our Received field says LMTP."""
    letter = make_letter(BODIES[body])
    submit(neighbour.port, letter, f"ann@{neighbour.settings.domain}", f"ann@{domain}")

    (found,) = around.at_house("ann", letter.token)
    assert found.partition(b"\r\n\r\n")[2] == letter.body
    assert b" with LMTP id " in found.split(b"\r\nReceived:")[1]
    assert found.startswith(f"Return-Path: <ann@{neighbour.settings.domain}>\r\n".encode())


@pytest.mark.parametrize("front", ["postfix", "exim", "sendmail"])
def test_each_recipient_has_an_answer(around: Neighbourhood, front: str, domain: str) -> None:
    """Two are here, one is not: two copies, and one report that names the one.

    OpenSMTPD delivers by LMTP only to users of its own machine, so it is not asked.
    """
    neighbour = around.neighbour(front)
    letter = make_letter()
    ann = f"ann@{neighbour.settings.domain}"
    submit(neighbour.port, letter, ann, f"ann@{domain}", f"ghost@{domain}", f"ben@{domain}")

    (report,) = around.at(neighbour, "ann", letter.token)
    assert f"ghost@{domain}".encode() in report
    around.emptied(neighbour)
    for name in ("ann", "ben"):
        assert len(around.at_house(name, letter.token)) == 1


def test_one_of_two_is_full(around: Neighbourhood, neighbour: Neighbour, domain: str) -> None:
    """The full one waits in the front server's queue; the other has the letter, and only once."""
    letter = make_letter(b"text\r\n" * 1000)
    since = neighbour.log.stat().st_size
    with around.full("ben"):
        sender = f"ann@{neighbour.settings.domain}"
        submit(neighbour.port, letter, sender, f"ann@{domain}", f"ben@{domain}")
        around.at_house("ann", letter.token)
        around.await_log(neighbour, "452 4.2.2", since)

    around.emptied(neighbour)
    for name in ("ann", "ben"):
        assert len(around.at_house(name, letter.token)) == 1
