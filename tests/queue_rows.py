"""Letters of the queue for tests: `queued()` makes an `Enqueue` with an id never used before."""

from tests.letters import RECEIVED, Letter, letter

from posthouse.store.values_queue import Enqueue, QueueEnvelope, QueueTo

ATTEND = RECEIVED + 14_400


def queued(
    *addresses: str,
    made: Letter | None = None,
    due: int = RECEIVED,
    holder: str = "",
    destination: str = "",
    sender: str = "ann@example.org",
    attend: int = ATTEND,
    keeps_body: bool = True,
    envelope: QueueEnvelope | None = None,
    notify: tuple[str, ...] = (),
) -> Enqueue:
    """A letter for these addresses; their domains are the destinations."""
    made = made or letter()
    return Enqueue(
        letter=made.body.id,
        owner=0,
        body=made.body.id,
        size=made.body.size,
        new_body=made.body if keeps_body else None,
        sender=sender,
        message_id=made.rendered.message_id,
        envelope=envelope or QueueEnvelope(),
        accepted=RECEIVED,
        attend=attend,
        recipients=tuple(
            QueueTo(
                address=address,
                destination=destination or address.rpartition("@")[2],
                due=due,
                holder=holder,
                notify=notify,
            )
            for address in addresses or ("bob@example.net",)
        ),
    )
