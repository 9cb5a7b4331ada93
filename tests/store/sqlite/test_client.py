"""The worker's side: futures, corks, a scribe that is away."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.letters import letter
from tests.store.sqlite.made import ledger_in, store_in
from tests.store.sqlite.running import SETTINGS, ScribeProcess, listen, quiet, scribe_thread

from posthouse.base.clock import SetClock, SystemClock
from posthouse.store.contract import StoreFailure
from posthouse.store.settings import StoreSettings
from posthouse.store.sqlite import client as module
from posthouse.store.sqlite.client import SqliteStore
from posthouse.store.sqlite.reader import Reader
from posthouse.store.values import INBOX, CreateMailbox, Delivered, NewBody, Note, Place, Why

CLOCK = SystemClock()
IMPATIENT = StoreSettings(disk_reserve_octets=0, away_seconds_max=1.0)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    ledger_in(tmp_path, CLOCK).close()
    return tmp_path


def mail() -> Any:
    return letter().deliver(Place(1, INBOX))


async def outcome(store: SqliteStore, *values: Any) -> Any:
    """Results, or why it failed."""
    try:
        return (await store.commit(*values))[0]
    except StoreFailure as failure:
        return failure.why


@pytest.fixture(params=["asyncio", "uvloop"])
def any_loop(request: pytest.FixtureRequest) -> Iterator[asyncio.AbstractEventLoop]:
    """Both kinds of loop that a worker may have."""
    if request.param == "uvloop":
        loop = pytest.importorskip("uvloop").new_event_loop()
    else:
        loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def test_units_of_one_turn_share_a_commit(data: Path, any_loop: asyncio.AbstractEventLoop) -> None:
    """One frame, one sync; each has its own answer."""
    clock = SetClock()
    with scribe_thread(data, clock) as scribe:
        store = SqliteStore(data, clock=clock, log=quiet(clock), settings=SETTINGS)
        store.start(any_loop)

        async def many() -> list[Any]:
            await store.commit(mail())
            commits.clear()
            return await asyncio.gather(*(outcome(store, mail()) for _ in range(50)))

        commits: list[int] = []
        commit = scribe._ledger.commit

        def counted(units: Any, record: Any = None) -> Any:
            commits.append(len(units))
            return commit(units, record)

        scribe._ledger.commit = counted  # type: ignore[method-assign]
        results = any_loop.run_until_complete(many())
        store.close()

    uids = [result.places[0].uid for result in results if isinstance(result, Delivered)]
    assert uids == list(range(2, 52))
    assert commits == [50]


def test_units_wait_for_a_scribe_that_starts_later(data: Path) -> None:
    """Also when there is no socket yet."""
    process: list[ScribeProcess] = []

    async def late(store: SqliteStore) -> Any:
        waiting = asyncio.gather(*(outcome(store, mail()) for _ in range(5)))
        await asyncio.sleep(0.1)
        process.append(ScribeProcess(data))
        process[0].start()
        return await waiting

    with store_in(data, CLOCK) as (store, loop):
        results = loop.run_until_complete(late(store))
    process[0].close()

    assert all(isinstance(result, Delivered) for result in results)


def test_a_scribe_that_stays_away_is_told(data: Path) -> None:
    """AWAY after the limit; nothing of the unit is kept, also when a scribe comes later."""
    with store_in(data, CLOCK, IMPATIENT) as (store, loop):
        assert loop.run_until_complete(outcome(store, CreateMailbox(1, "a"))) is Why.AWAY
        process = ScribeProcess(data)
        process.start()
        made = loop.run_until_complete(outcome(store, CreateMailbox(1, "b")))
        names = loop.run_until_complete(store.mailboxes(1))
        process.close()

    assert made.mailbox == 2
    assert [box.name for box in names] == ["INBOX", "b"]


def test_a_scribe_that_stands_still_is_given_up_and_does_not_apply_it_later(data: Path) -> None:
    """What was answered as refused does not come to be when the scribe wakes up."""
    process = ScribeProcess(data)
    process.start()
    assert process.process is not None
    pid = process.process.pid
    assert pid is not None
    with store_in(data, CLOCK, IMPATIENT) as (store, loop):
        loop.run_until_complete(outcome(store, CreateMailbox(1, "a")))
        os.kill(pid, signal.SIGSTOP)
        stopped = loop.run_until_complete(outcome(store, CreateMailbox(1, "b")))
        os.kill(pid, signal.SIGCONT)
        loop.run_until_complete(outcome(store, CreateMailbox(1, "c")))
        names = loop.run_until_complete(store.mailboxes(1))
    process.close()

    assert stopped is Why.AWAY
    assert [box.name for box in names] == ["INBOX", "a", "c"]


def test_a_unit_that_committed_is_never_called_away(data: Path) -> None:
    """When nobody answers, the database is asked."""
    with listen(data) as listener, store_in(data, CLOCK, IMPATIENT) as (store, loop):

        async def swallowed() -> Any:
            waiting = asyncio.ensure_future(outcome(store, CreateMailbox(1, "a")))
            await asyncio.sleep(0.1)
            # As a scribe that commits and dies before it answers.
            from posthouse.store.sqlite.ledger import Kept, Ledger
            from posthouse.store.sqlite.writers import Writer

            ledger = Ledger(data, clock=CLOCK, log=quiet(CLOCK), settings=SETTINGS)
            ledger.commit(
                [[CreateMailbox(1, "a")]],
                lambda db, outcomes: Writer(store._writer, 0, {}).record(db, {1: outcomes[0]}, 5),
            )
            del Kept
            ledger.close()
            return await waiting

        accepted = loop.run_until_complete(swallowed())
        listener.setblocking(False)

    assert accepted.mailbox == 2


def test_a_unit_that_cannot_be_sent_fails_alone(data: Path) -> None:
    """Too large, or not to be packed: the others of the turn are committed."""
    large = letter()
    body = NewBody(large.body.id, large.body.digest, 70 << 20, bytes(70 << 20))
    huge = type(mail())(body, large.rendered, 0, (Place(1, INBOX),))
    with scribe_thread(data, CLOCK), store_in(data, CLOCK) as (store, loop):

        async def some() -> Any:
            return await asyncio.gather(
                outcome(store, mail()),
                outcome(store, huge),
                outcome(store, CreateMailbox(1, "\ud800")),
                outcome(store, mail()),
                return_exceptions=True,
            )

        results = loop.run_until_complete(some())

    assert results[1] is Why.LIMIT
    assert isinstance(results[2], UnicodeEncodeError)
    assert [result.places[0].uid for result in (results[0], results[3])] == [1, 2]


def test_large_units_pass_in_pieces(data: Path) -> None:
    """Larger than every socket buffer, more than one frame."""
    letters = [letter(size=60_000) for _ in range(400)]
    with scribe_thread(data, CLOCK), store_in(data, CLOCK) as (store, loop):

        async def all_at_once() -> Any:
            each = (outcome(store, made.deliver(Place(1, INBOX))) for made in letters)
            return await asyncio.gather(*each)

        results = loop.run_until_complete(all_at_once())

    assert [result.places[0].uid for result in results] == list(range(1, 401))


def test_an_answer_that_nobody_waits_for_is_no_matter(data: Path) -> None:
    """A connection that died took its coroutine with it; the unit is kept all the same."""
    with scribe_thread(data, CLOCK), store_in(data, CLOCK) as (store, loop):

        async def cancelled() -> int:
            waiting = asyncio.ensure_future(outcome(store, mail()))
            await asyncio.sleep(0)
            waiting.cancel()
            result = await outcome(store, mail())
            return int(result.places[0].uid)

        assert loop.run_until_complete(cancelled()) == 2
        assert not store._pending


def test_watchers_hear_of_other_writers(data: Path) -> None:
    """The scribe is the bus: a change by one store is told to all."""
    with scribe_thread(data, CLOCK), store_in(data, CLOCK) as (store, loop):
        other = SqliteStore(data, clock=CLOCK, log=quiet(CLOCK), settings=SETTINGS)
        other.start(loop)

        async def talk() -> None:
            heard: asyncio.Queue[int] = asyncio.Queue()
            watch = store.watch(1, heard.put_nowait)
            result = await outcome(other, mail())
            while await heard.get() != result.places[0].modseq:
                pass  # a word about something before may come late
            watch.cancel()

        loop.run_until_complete(asyncio.wait_for(talk(), 10))
        other.close()


def test_closing_fails_what_waits(data: Path) -> None:
    """Nobody waits for ever."""
    loop = asyncio.new_event_loop()
    store = SqliteStore(data, clock=CLOCK, log=quiet(CLOCK), settings=SETTINGS)
    store.start(loop)

    async def wait() -> Any:
        waiting = asyncio.ensure_future(outcome(store, mail()))
        await asyncio.sleep(0.01)
        store.note(Note(b"", 0, "", b""))
        store.close()
        return await waiting, await outcome(store, mail())

    assert loop.run_until_complete(wait()) == (Why.AWAY, Why.AWAY)
    loop.close()


def test_notes_have_a_limit(data: Path) -> None:
    """Too many are dropped; a note that cannot be packed is its maker's fault."""
    settings = StoreSettings(notes_max=3)
    store = SqliteStore(data, clock=CLOCK, log=quiet(CLOCK), settings=settings)
    for _ in range(9):
        store.note(Note(b"", 0, "", b""))

    assert len(store._notes) == 3
    assert module.UNIT_OCTETS_MAX > 60 << 20
    store.close()


def test_nonsense_from_the_scribe_ends_the_connection(data: Path) -> None:
    """And is tried again."""
    with listen(data) as listener, store_in(data, CLOCK) as (_, loop):
        listener.setblocking(False)

        async def talk() -> int:
            for _ in range(2):
                connected, _ = await loop.sock_accept(listener)
                await loop.sock_sendall(connected, b"\xff" * 50)
                while await loop.sock_recv(connected, 1000):
                    pass
                connected.close()
            return 2

        assert loop.run_until_complete(asyncio.wait_for(talk(), 10)) == 2


def test_a_worker_that_reads_no_more_gives_back_the_map(
    data: Path, any_loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while without a read, and only then; reading goes on as before."""
    monkeypatch.setattr(module, "REST_SECONDS", 0.02)
    store = SqliteStore(data, clock=CLOCK, log=quiet(CLOCK), settings=SETTINGS)
    store.start(any_loop)
    rests: list[float] = []
    monkeypatch.setattr(
        type(store), "rest", lambda self: (rests.append(any_loop.time()), Reader.rest(self))
    )

    async def read_and_rest() -> list[int]:
        counted = []
        for _ in range(3):
            assert store._one("SELECT count(*) FROM account") == 1
            deadline = any_loop.time() + 10
            counted.append(len(rests))
            while len(rests) == counted[-1]:
                assert any_loop.time() < deadline, "it never rests"
                await asyncio.sleep(0.005)
        return counted

    assert any_loop.run_until_complete(read_and_rest()) == [0, 1, 2]
    store.close()
