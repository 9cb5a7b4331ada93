"""`posthouse queue`: what waits, and what shall become of it."""

from pathlib import Path

import pytest
from tests.letters import letter
from tests.queue_rows import queued

from cli.conftest import Command
from posthouse.base.clock import SystemClock
from posthouse.base.ids import id_text
from posthouse.base.log import Log
from posthouse.cli.queue import mailq_text
from posthouse.store.sqlite.direct import open_direct, run_now
from posthouse.store.values import AnyValue
from posthouse.store.values_queue import (
    ClaimQueue,
    QueueEnvelope,
    QueueLetter,
    QueueRecipient,
    QueueState,
    Settle,
    Settled,
    Settlement,
)


def commit(data: Path, *values: AnyValue) -> None:
    clock = SystemClock()
    store = open_direct(data, clock, Log(clock, lambda _: None))
    try:
        run_now(store.commit(*values))
    finally:
        store.close()


@pytest.fixture
def waiting(populated: Command) -> tuple[Command, str, str]:
    """Two letters of ann that wait, one of them with an answer; their ids."""
    first = queued("bob@example.net", "eve@example.com", made=letter(size=5000))
    second = queued("joe@example.net", sender="")
    commit(populated.data, first, second, ClaimQueue("example.com", "w0", 2**40, 9))
    answered = Settled(first.letter, 1, Settlement.AGAIN, 2**33, 3, "mx: 451 4.2.0 later")
    commit(populated.data, Settle("w0", (answered,)))
    return populated, id_text(first.letter), id_text(second.letter)


def test_list(waiting: tuple[Command, str, str]) -> None:
    """In mailq's look, or as JSON; all, or those that are meant."""
    house, first, second = waiting
    told = house.run("queue", "list").out

    assert told.splitlines()[0].startswith("----------Queue ID----------")
    assert told.splitlines()[1].split()[:2] == [first, "5000"]
    assert "(mx: 451 4.2.0 later)" in told
    assert "MAILER-DAEMON" in told
    assert told.endswith("-- 5 Kbytes in 2 Requests.\n")
    assert house.run("mailq").out == told
    records = house.run("queue", "list", "--json").json
    assert [record["id"] for record in records] == [first, second]
    assert records[0]["recipients"][1]["attempts"] == 3
    some = house.run("queue", "list", "--recipient", "EVE@example.com", "--json").json
    assert [record["id"] for record in some] == [first]
    assert house.run("queue", "list", "--sender", "nobody@x").out == "Mail queue is empty\n"


def test_show(waiting: tuple[Command, str, str]) -> None:
    """All that is known of one letter."""
    house, first, _ = waiting
    told = house.run("queue", "show", first).out
    assert "<eve@example.com>" in told
    assert "mx: 451 4.2.0 later" in told
    assert house.run("queue", "show", first.lower(), "--json").json["size"] == 5000


def test_hold_release_retry_drop(waiting: tuple[Command, str, str]) -> None:
    """By id, by destination, or all; how many it was done to is said."""
    house, first, second = waiting

    def states() -> list[str]:
        letters = house.run("queue", "list", "--json").json
        return [row["state"] for each in letters for row in each["recipients"]]

    assert "2 of 2 recipients held" in house.run("queue", "hold", first).err
    assert states() == ["held", "held", "waiting"]
    assert house.run("queue", "list").out.count("!") == 1
    assert "0 of 2" in house.run("queue", "retry", first).err
    assert "1 of 1" in house.run("queue", "release", "--destination", "example.com").err
    assert states() == ["held", "waiting", "waiting"]
    assert "1 of 1" in house.run("queue", "retry", "--recipient", "joe@example.net").err
    assert "1 of 1" in house.run("queue", "drop", second).err
    assert "2 of 2" in house.run("queue", "drop", "--all").err
    assert states() == []


def test_bounce(waiting: tuple[Command, str, str]) -> None:
    """The sender has a report, the rows are gone; a letter without a sender goes silently."""
    house, _, _ = waiting
    assert "3 of 3 recipients bounced" in house.run("queue", "bounce", "--all").err

    assert house.run("queue", "list").out == "Mail queue is empty\n"
    ann = house.run("account", "show", "ann@example.org", "--json").json
    assert ann["letters"] == 1


def test_a_claimed_row_is_left_alone(waiting: tuple[Command, str, str]) -> None:
    """A worker has it just now: it says what became of it."""
    house, _, second = waiting
    commit(house.data, ClaimQueue("example.net", "w0", 2**40, 9))

    for action in ("hold", "retry", "drop", "bounce"):
        assert "0 of 1" in house.run("queue", action, second).err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("drop",), 64, "which letters?"),
        (("hold", "what"), 64, "no letter's id"),
        (("show", "01JD9Z5R3W7Q0XK8M2N4P6S1TV"), 65, "not in the queue"),
        (("dance",), 64, "invalid choice"),
    ],
    ids=lambda value: str(value),
)
def test_what_is_meant_must_be_said(
    populated: Command, words: tuple[str, ...], code: int, said: str
) -> None:
    """Nothing is done to the whole queue by mistake."""
    assert said in populated.run("queue", *words, code=code).err


def test_mailq_marks() -> None:
    """A star for what is tried now; recipients stand below what was heard of them."""

    def row(number: int, state: QueueState, answer: str) -> QueueRecipient:
        return QueueRecipient(number, f"r{number}@x.example", "x", state, 0, 1, answer, "", (), "")

    rows = (
        row(0, QueueState.TAKEN, ""),
        row(1, QueueState.WAITING, "451 a"),
        row(2, QueueState.HELD, "451 b"),
        row(3, QueueState.WAITING, "451 a"),
    )
    text = mailq_text(QueueLetter(b"\0" * 16, 0, b"", 77, "s@x", "", QueueEnvelope(), 0, 0, rows))

    words = text.split()
    assert words[0].endswith("*")
    assert [w for w in words if w.startswith("r")] == [
        "r0@x.example", "r1@x.example", "r3@x.example", "r2@x.example",
    ]  # fmt: skip
