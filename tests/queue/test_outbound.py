"""Rows of a letter's recipients elsewhere."""

from tests.letters import RECEIVED, letter

from posthouse.mail.envelope import Envelope, Recipient
from posthouse.queue.letter import Incoming
from posthouse.queue.outbound import Unclaimed, claimed_part, rows_of
from posthouse.queue.route import Routes
from posthouse.queue.settings import QueueSettings, RelaySettings

ROUTES = Routes(RelaySettings(), [])
SETTINGS = QueueSettings()


def outgoing() -> Incoming:
    made = letter()
    to = tuple(
        Recipient(address=address, notify=("DELAY",), original="rfc822;x")
        for address in ("a@one.example", "b@two.example", "broken")
    )
    return Incoming(
        body=made.body,
        rendered=made.rendered,
        message_id=made.rendered.message_id,
        received=RECEIVED,
        envelope=Envelope(
            sender="ann@x.example", recipients=to, body="8BITMIME", envelope_id="e", returns="HDRS"
        ),
        residents=(),
        outside=to,
        owner=3,
    )


def test_rows_may_be_somebodys_from_the_beginning() -> None:
    """Where there is a hand free the claim is made with the promise; an address that is none is
    nobody's."""
    plan = rows_of(
        outgoing(),
        routes=ROUTES,
        settings=SETTINGS,
        now=RECEIVED + 1,
        claim=lambda destination: ("w0", RECEIVED + 300) if "one" in destination else None,
    )

    assert [(to.destination, to.holder, to.due) for to in plan.recipients] == [
        ("one.example", "w0", RECEIVED + 300),
        ("two.example", "", RECEIVED + 1),
        ("", "", RECEIVED + 1),
    ]
    assert (plan.owner, plan.sender, plan.accepted) == (3, "ann@x.example", RECEIVED)
    assert plan.envelope.envelope_id == "e"
    assert plan.new_body is not None
    part = claimed_part(plan, [0])
    assert [(r.number, r.holder, r.notify) for r in part.recipients] == [(0, "w0", ("DELAY",))]


def test_a_command_claims_nothing() -> None:
    """Its rows wait for a worker."""
    letter = outgoing()
    outbound = Unclaimed(ROUTES, SETTINGS)
    plan = outbound.plan(letter)
    outbound.committed(plan, letter)

    assert {to.holder for to in plan.recipients} == {""}
