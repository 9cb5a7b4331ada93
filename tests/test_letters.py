"""The letters that tests are made of."""

import hashlib

from tests.letters import letter


def test_a_letter_is_what_it_says() -> None:
    """Octets, digest and sizes fit each other; the size asked for is met exactly."""
    for size in (0, 300, 301, 65_536):
        made = letter("Hi", size=size)
        assert len(made.octets) == (size or len(made.octets))
        assert made.body.octets == made.octets
        assert (made.body.size, made.body.digest) == (
            len(made.octets),
            hashlib.sha256(made.octets).digest(),
        )
        assert made.octets[: made.rendered.header_octets].endswith(b"\r\n\r\n")
        assert made.octets.endswith(b"\r\n")


def test_two_letters_have_two_ids() -> None:
    """Body ids and message ids differ from letter to letter."""
    one, two = letter(), letter()

    assert one.body.id != two.body.id
    assert one.rendered.message_id != two.rendered.message_id
