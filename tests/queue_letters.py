"""Incoming letters for tests of intake and delivery."""

from tests.letters import letter

from posthouse.directory.residents import Resident
from posthouse.mail.envelope import Envelope, Recipient
from posthouse.queue.letter import Incoming


def incoming(*residents: tuple[int, ...]) -> Incoming:
    """A letter for these residents, each given by its accounts."""
    made = letter("Hello")
    return Incoming(
        body=made.body,
        rendered=made.rendered,
        message_id=made.rendered.message_id,
        received=1_795_000_000,
        envelope=Envelope(
            sender="",
            recipients=tuple(
                Recipient(address=f"{'ann' if n == 0 else f'r{n}'}@example.org")
                for n in range(len(residents))
            ),
        ),
        residents=tuple(Resident("x", accounts) for accounts in residents),
    )
