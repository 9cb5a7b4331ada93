"""The queue's writes as values: what goes over a socket comes out the same."""

import msgspec
import pytest
from tests.queue_rows import queued

from posthouse.store.values import AnyResult, AnyValue
from posthouse.store.values_queue import (
    ClaimAged,
    ClaimQueue,
    FreeQueue,
    PauseQueue,
    QueueAct,
    QueueActed,
    QueueAction,
    QueueClaimed,
    QueueEnvelope,
    QueueLetter,
    QueueRecipient,
    QueueState,
    Settle,
    Settled,
    Settlement,
)

ROW = QueueRecipient(
    3, "ä@example.net", "example.net", QueueState.TAKEN, 9, 1, "451 x", "w0", ("NEVER",), "rfc822;x"
)
LETTER = QueueLetter(b"l", 1, b"b", 2, "s", "m", QueueEnvelope("8BITMIME", True), 3, 4, (ROW,))


@pytest.mark.parametrize(
    "value",
    [
        queued("a@example.net", holder="w0", notify=("SUCCESS", "DELAY")),
        queued(keeps_body=False),
        ClaimQueue("example.net", "w0", 9, 1),
        ClaimAged("w0", 9, 1),
        Settle("w0", (Settled(b"l", 1, Settlement.AGAIN, 9, 2, "4", "x"),), ((b"l", 9),)),
        PauseQueue("example.net", 9, 2, "no"),
        QueueAct(QueueAction.DROP, ((b"l", 1),)),
        FreeQueue("w0:"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_survives_the_socket(value: AnyValue) -> None:
    """msgpack there and back gives an equal value of the same kind."""
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(value), type=AnyValue) == value


@pytest.mark.parametrize("result", [QueueClaimed((LETTER,), True), QueueActed(7)])
def test_a_result_survives_the_socket(result: AnyResult) -> None:
    """The same holds for results."""
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(result), type=AnyResult) == result
