"""Every unit of work on every engine: all or none, and who is told. See store/contract.py.

The rest of the contract is tested by subject in tests/store/contract/.
"""

import msgspec
import pytest
from tests.letters import letter
from tests.store.engines import Engine

from posthouse.store.contract import SLICE_ROWS, StoreFailure
from posthouse.store.values import (
    INBOX,
    AddAccount,
    AddDomain,
    AnyValue,
    Append,
    Copy,
    CreateMailbox,
    Deliver,
    DropLease,
    Expunge,
    Note,
    Place,
    PutAlias,
    RecordLogin,
    RemoveAccount,
    SetAccount,
    Subscribe,
    TakeLease,
    Why,
)


def test_results_come_in_the_order_of_the_values(engine: Engine) -> None:
    """Each value has its result at its own place, and sees what the values before it did."""
    account = engine.account()

    created, delivered, copied = engine.do(
        CreateMailbox(account, "Work"),
        letter().deliver(Place(account, 2)),
        Copy(account, 2, ((1, 1),), INBOX),
    )

    assert created.mailbox == 2
    assert delivered.places[0].mailbox == 2
    assert copied.to_uids == ((1, 1),)
    assert engine.uids(account, INBOX) == [1]


def test_a_unit_without_values_does_nothing(engine: Engine) -> None:
    """An empty unit succeeds with no results."""
    assert engine.do() == ()


GOOD: dict[str, AnyValue] = {
    "deliver": letter().deliver(Place(1, INBOX, keywords="$new")),
    "append": letter().append(1, INBOX, keywords="$other"),
    "flags": msgspec.convert(["SetFlags", 1, 1, [[1, 1]], 1, 2, "a b"], type=AnyValue),
    "copy": Copy(1, INBOX, ((1, 9),), 2),
    "move": msgspec.convert(["Move", 1, 1, [[1, 1]], 2], type=AnyValue),
    "expunge": Expunge(1, INBOX, any_flag=True),
    "claim": msgspec.convert(["ClaimRecent", 1, 1], type=AnyValue),
    "create": CreateMailbox(1, "a/b/c"),
    "delete": msgspec.convert(["DeleteMailbox", 1, 2], type=AnyValue),
    "rename": msgspec.convert(["RenameMailbox", 1, 2, "x/y"], type=AnyValue),
    "rename inbox": msgspec.convert(["RenameMailbox", 1, 1, "old"], type=AnyValue),
    "subscribe": Subscribe(1, "x", subscribed=True),
    "domain": AddDomain("example.net"),
    "rename domain": msgspec.convert(["RenameDomain", "example.org", "b.org"], type=AnyValue),
    "account": AddAccount("bob@example.org", "Bob@example.org", 0, (), (("Sent", "\\Sent"),)),
    "set account": SetAccount(1, quota_octets=10**9, enabled=False),
    "remove account": RemoveAccount(1),
    "alias": PutAlias("x@example.org", ("ann@example.org",)),
    "login": RecordLogin(1, 100, "imap", "192.0.2.1", "PLAIN", ""),
    "lease": TakeLease("pop3", "me", 2_000_000_000),
    "drop lease": DropLease("mine", "me"),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_unit_that_fails_keeps_nothing(engine: Engine, name: str) -> None:
    """When the last value of a unit fails, no value before it leaves a trace that can be read."""
    account = engine.account()
    engine.create(account, "Work")
    engine.do(letter().deliver(Place(account, INBOX)), TakeLease("mine", "me", 2_000_000_000))
    before = engine.everything()

    assert engine.refused(GOOD[name], Subscribe(99, "nobody", subscribed=True)) is Why.GONE
    assert engine.everything() == before
    # Neither is a lease taken or given back.
    assert engine.refused(TakeLease("mine", "you", 2_000_000_000)) is Why.IN_USE
    engine.one(TakeLease("pop3", "you", 2_000_000_000))


@pytest.mark.parametrize("name", GOOD)
def test_a_unit_that_succeeds_changes_something(engine: Engine, name: str) -> None:
    """The values of the test above are good ones: alone they succeed."""
    account = engine.account()
    engine.create(account, "Work")
    engine.do(letter().deliver(Place(account, INBOX)), TakeLease("mine", "me", 2_000_000_000))

    engine.one(GOOD[name])


def test_a_failed_unit_keeps_neither_octets_nor_trace(engine: Engine) -> None:
    """The body and the trace of a refused letter cannot be read afterwards."""
    account = engine.account()
    refused = letter()
    note = Note(refused.body.id, 1_795_000_000, "x@example.org", b"\x90")

    why = engine.refused(note, refused.deliver(Place(account, INBOX), Place(99, INBOX)))

    assert why is Why.GONE
    assert engine.run(engine.store.trace(refused.body.id)) == []
    with pytest.raises(KeyError):
        engine.run(engine.store.octets(refused.body.id))


def test_a_failure_says_why(engine: Engine) -> None:
    """StoreFailure has the reason for the answer and a text for the log."""
    with pytest.raises(StoreFailure) as caught:
        engine.run(engine.store.commit(letter().deliver(Place(7, INBOX))))

    assert caught.value.why is Why.GONE
    assert caught.value.text


def test_after_a_failure_the_next_unit_succeeds(engine: Engine) -> None:
    """A unit that fails gives its numbers back; the next one takes them."""
    account = engine.account()
    engine.refused(letter().append(account, INBOX), Subscribe(99, "nobody", subscribed=True))

    assert engine.one(letter().append(account, INBOX)).first_uid == 1


# ---- the bus


def test_a_watch_is_called_after_each_commit_of_its_account(engine: Engine) -> None:
    """Whoever watches an account hears of its new MODSEQ, and nothing of other accounts."""
    ann, bob = engine.account("ann"), engine.account("bob")
    heard: list[int] = []
    watch = engine.store.watch(ann, heard.append)
    engine.settle()
    heard.clear()

    engine.do(letter().deliver(Place(bob, INBOX)))
    first = engine.one(letter().deliver(Place(ann, INBOX))).places[0].modseq
    engine.settle(lambda: first in heard)
    assert set(heard) == {first}

    second = engine.one(Expunge(ann, INBOX, any_flag=True)).modseq
    engine.settle(lambda: second in heard)
    watch.cancel()


def test_a_watch_that_is_cancelled_hears_nothing(engine: Engine) -> None:
    """After cancel() returned there is no call, also not for a commit before it."""
    account = engine.account()
    heard: list[int] = []
    other: list[int] = []
    watch = engine.store.watch(account, heard.append)
    engine.store.watch(account, other.append)

    async def commit_and_cancel() -> None:
        await engine.store.commit(letter().deliver(Place(account, INBOX)))
        watch.cancel()
        heard.clear()

    engine.run(commit_and_cancel())
    engine.settle(lambda: bool(other))

    assert heard == []


def test_one_letter_for_several_accounts_is_told_to_all(engine: Engine) -> None:
    """A delivery to two accounts wakes the watchers of both."""
    ann, bob = engine.account("ann"), engine.account("bob")
    heard: list[str] = []
    engine.store.watch(ann, lambda _: heard.append("ann"))
    engine.store.watch(bob, lambda _: heard.append("bob"))

    engine.one(letter().deliver(Place(ann, INBOX), Place(bob, INBOX)))
    engine.settle(lambda: {"ann", "bob"} <= set(heard))


# ---- slices


def test_sliced_reads_return_bounded_slices(engine: Engine) -> None:
    """No step of `letters` returns more than SLICE_ROWS rows, and together they miss none."""
    account = engine.account()
    count = SLICE_ROWS * 2 + 1
    letters = [letter() for _ in range(count)]
    one_append = letters[0].append(account, INBOX).letters[0]
    engine.one(Append(account, INBOX, tuple(each.appended() for each in letters)))
    assert one_append.body == letters[0].body

    async def slices() -> list[list[tuple[int]]]:
        return [
            part async for part in engine.store.letters(account, INBOX, ((1, count),), ("uid",))
        ]

    parts = engine.run(slices())
    assert max(len(part) for part in parts) <= SLICE_ROWS
    assert [uid for part in parts for (uid,) in part] == list(range(1, count + 1))
    assert engine.uids(account, INBOX) == list(range(1, count + 1))
    assert engine.find(account, INBOX) == list(range(1, count + 1))


def test_the_values_are_of_the_kinds_above() -> None:
    """The table of good values has one of nearly every kind; Deliver is among them."""
    assert isinstance(GOOD["deliver"], Deliver)
    assert len({type(value) for value in GOOD.values()}) >= 18
