"""The scribe as a process: answers, crashes, slow and strange clients."""

import asyncio
import random
import select
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.letters import letter
from tests.store.sqlite.made import ADDRESS, ledger_in, store_in
from tests.store.sqlite.running import SETTINGS, ScribeProcess, listen, quiet, scribe_thread

from posthouse.base.clock import SetClock, SystemClock
from posthouse.base.metrics import Metrics
from posthouse.store.contract import StoreFailure
from posthouse.store.settings import StoreSettings
from posthouse.store.sqlite.channel import (
    SOCKET_NAME,
    Frames,
    Hello,
    Submit,
    Welcome,
    frame,
    from_scribe,
    pack,
)
from posthouse.store.sqlite.client import SqliteStore
from posthouse.store.sqlite.ledger import Failed, Kept
from posthouse.store.sqlite.scribe import Scribe
from posthouse.store.sqlite.verify import verify
from posthouse.store.values import (
    INBOX,
    AddAccount,
    AddDomain,
    AnyValue,
    CreateMailbox,
    DeleteMailbox,
    Deliver,
    Note,
    Place,
    TakeLease,
    Why,
)

CLOCK = SystemClock()


@pytest.fixture
def process(tmp_path: Path) -> Iterator[ScribeProcess]:
    ledger_in(tmp_path, CLOCK).close()
    process = ScribeProcess(tmp_path)
    process.start()
    yield process
    process.close()


_raws: list["Raw"] = []


@pytest.fixture(autouse=True)
def _close_raws() -> Iterator[None]:
    yield
    while _raws:
        _raws.pop().socket.close()


class Raw:
    """A client that says just what the test wants."""

    def __init__(self, data: Path, writer: int = 77, *, hello: bool = True) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        _raws.append(self)
        self.socket.connect(str(data / SOCKET_NAME))
        self.frames = Frames()
        self.inbox: list[Any] = []
        if hello:
            self.say(Hello(writer))
            assert isinstance(self.hear(), Welcome)

    def say(self, message: Hello | Submit) -> None:
        self.socket.sendall(frame(message))

    def hear(self) -> Any:
        """The next message; None when the scribe hung up."""
        while not self.inbox:
            data = self.socket.recv(1 << 20)
            if not data:
                return None
            self.inbox += self.frames.feed(data, from_scribe)
        return self.inbox.pop(0)

    def ask(self, number: int, *values: AnyValue, acked: int = 0) -> Any:
        """The outcome of one unit."""
        self.say(Submit(((number, pack(values)),), acked))
        while True:
            message = self.hear()
            for answered, outcome in message.answers:
                if answered == number:
                    return outcome


def mail() -> Deliver:
    return letter().deliver(Place(1, INBOX))


def subjects(data: Path) -> list[str]:
    """Message ids in the INBOX, by UID."""
    store = SqliteStore(data, clock=CLOCK, log=quiet(CLOCK))

    async def plain() -> list[str]:
        found = []
        async for part in store.letters(1, INBOX, ((1, 2**32 - 1),), ("message_id",)):
            found += [row[0] for row in part]
        return found

    found = asyncio.run(plain())
    store.close()
    return found


def test_a_number_is_decided_once(process: ScribeProcess) -> None:
    """Submitted again, here or on a new connection, it has the same answer and is not applied."""
    raw = Raw(process.data)
    unit = mail()
    first = raw.ask(1, unit)
    again = raw.ask(1, unit)
    other = Raw(process.data)
    third = other.ask(1, unit)

    assert isinstance(first, Kept)
    assert first == again == third
    assert len(subjects(process.data)) == 1


def test_a_killed_scribe_s_answers_are_not_lost(process: ScribeProcess) -> None:
    """The next scribe reads them from the record; confirmed ones are forgotten."""
    raw = Raw(process.data)
    first, second = raw.ask(1, mail()), raw.ask(2, mail())
    process.kill()
    process.start()
    raw = Raw(process.data)

    assert raw.ask(2, mail()) == second
    assert raw.ask(1, mail()) == first
    assert isinstance(raw.ask(3, mail(), acked=2), Kept)
    process.kill()
    process.start()
    forgotten = Raw(process.data).ask(1, mail())

    assert isinstance(forgotten, Failed)
    assert forgotten.why == Why.OURS
    assert len(subjects(process.data)) == 3


def test_failures_are_recorded_like_results(process: ScribeProcess) -> None:
    """When something else of the batch was kept."""
    raw = Raw(process.data)
    units = ((1, pack((mail(),))), (2, pack((CreateMailbox(1, "INBOX"),))))
    raw.say(Submit(units, 0))
    answers = dict(raw.hear().answers)
    process.kill()
    process.start()

    assert isinstance(answers[2], Failed)
    assert Raw(process.data).ask(2, CreateMailbox(1, "other")) == answers[2]


def test_everyone_hears_what_changed(process: ScribeProcess) -> None:
    """Account and MODSEQ, and the epoch; who did not want to hear, does not."""
    teller, listener = Raw(process.data, 1), Raw(process.data, 2)
    deaf = Raw(process.data, 3, hello=False)
    deaf.say(Hello(3, wants_notices=False))
    deaf.hear()
    outcome = teller.ask(1, mail())
    modseq = outcome.results[0].places[0].modseq
    heard = listener.hear()

    assert heard.answers == ()
    assert heard.notices == ((1, modseq),)
    assert heard.epoch >= 2
    assert isinstance(deaf.ask(1, TakeLease("a", "b", 5)), Kept)
    assert not select.select([deaf.socket], [], [], 0.05)[0]


@pytest.mark.parametrize(
    "octets",
    [b"\xff" * 100, b"\0\0\0\1\xc1", frame(Submit((), 0))],
    ids=["too long", "no msgpack", "no Hello"],
)
def test_strange_clients_are_dropped_alone(process: ScribeProcess, octets: bytes) -> None:
    """Nonsense, or units before Hello."""
    good = Raw(process.data)
    strange = Raw(process.data, hello=False)
    strange.socket.sendall(octets)

    assert strange.hear() is None
    assert isinstance(good.ask(1, mail()), Kept)


def test_a_unit_that_is_not_understood_fails_alone(process: ScribeProcess) -> None:
    """Its neighbours in the same frame are committed."""
    raw = Raw(process.data)
    wrong = pack((TakeLease(7, 8, "x"),))  # type: ignore[arg-type]
    raw.say(Submit(((1, pack((mail(),))), (2, wrong), (3, pack((mail(),)))), 0))
    answers: dict[int, Any] = {}
    while len(answers) < 3:
        answers.update(raw.hear().answers)

    assert answers[2].why == Why.OURS
    assert isinstance(answers[1], Kept)
    assert isinstance(answers[3], Kept)


def test_a_client_that_does_not_read_is_dropped(tmp_path: Path) -> None:
    """It never blocks the others."""
    ledger_in(tmp_path, CLOCK).close()
    settings = StoreSettings(disk_reserve_octets=0, client_buffer_octets_max=1024 * 1024)
    process = ScribeProcess(tmp_path, settings)
    process.start()
    try:
        slow, good = Raw(tmp_path, 1), Raw(tmp_path, 2)
        # Answers about many letters, asked for again and again, and never read.
        units = tuple((n, pack((TakeLease(f"{n}", "h" * 50, 2**40),))) for n in range(1, 500))
        slow.say(Submit(units, 0))
        slow.hear()
        with pytest.raises(ConnectionError):
            talk_on(slow, Submit(units, 0))
        assert isinstance(good.ask(1, mail()), Kept)
    finally:
        process.close()


def talk_on(raw: Raw, message: Submit) -> None:
    """Says it again and again."""
    for _ in range(2000):
        raw.say(message)


def test_who_hung_up_does_not_write(tmp_path: Path) -> None:
    """Units that were not begun when their client went are dropped with it."""
    clock = SetClock()
    ledger_in(tmp_path, clock).close()
    process = ScribeProcess(tmp_path)
    raw = Raw(tmp_path, hello=False)  # nobody has accepted it yet
    raw.say(Hello(1))
    raw.say(Submit(((1, pack((mail(),))),), 0))
    raw.socket.close()
    process.start()
    assert isinstance(Raw(tmp_path, 2).ask(1, mail()), Kept)
    process.close()

    assert len(subjects(tmp_path)) == 1


def test_sigterm_commits_what_waits(process: ScribeProcess) -> None:
    """Everything that arrived is answered, the log is copied back, exit code 0."""
    raw = Raw(process.data)
    raw.say(Submit(tuple((n, pack((mail(),))) for n in range(1, 1001)), 0))
    while not select.select([raw.socket], [], [], 0.01)[0]:
        pass
    assert process.terminate() == 0

    answers = 0
    while (message := raw.hear()) is not None:
        answers += len(message.answers)
    assert answers == 1000
    assert not (process.data / "mail.db-wal").exists()
    assert len(subjects(process.data)) == 1000


def test_an_orphan_outlasts_its_workers(tmp_path: Path) -> None:
    """Told to stop after its supervisor died, the scribe commits until the workers have hung up."""
    ledger_in(tmp_path, CLOCK).close()
    with scribe_thread(tmp_path, CLOCK) as scribe:
        raw = Raw(tmp_path)
        scribe._parent = -1
        scribe.stop()
        assert isinstance(raw.ask(1, mail()), Kept)
        assert isinstance(raw.ask(2, mail()), Kept)
        raw.socket.close()

    assert len(subjects(tmp_path)) == 2


def test_notes_go_with_a_commit_or_alone_after_a_while(process: ScribeProcess) -> None:
    """They never cause a sync of their own before a second has passed."""
    with store_in(process.data, CLOCK) as (store, loop):
        note = Note(b"n" * 16, int(CLOCK.now()), "n@x", b"s")

        async def talk() -> tuple[int, int]:
            store.note(note)
            await store.commit(mail())
            with_commit = len(await store.trace(b"n" * 16))
            store.note(note)
            await asyncio.sleep(SETTINGS.note_seconds_max / 2 + 0.2)
            assert len(await store.trace(b"n" * 16)) == 1
            await asyncio.sleep(SETTINGS.note_seconds_max + 0.5)
            return with_commit, len(await store.trace(b"n" * 16))

        assert loop.run_until_complete(talk()) == (1, 2)


def test_the_clock_going_back_gives_nothing_twice(tmp_path: Path) -> None:
    """UIDVALIDITY, MODSEQ and UIDs only grow."""
    clock = SetClock()
    with scribe_thread(tmp_path, clock), store_in(tmp_path, clock) as (store, loop):

        def do(value: AnyValue) -> Any:
            return loop.run_until_complete(store.commit(value))[0]

        do(AddDomain("example.org"))
        do(AddAccount(ADDRESS, ADDRESS, 0, ()))
        last, modseq = 0, 0
        for name in ("a", "b", "c", "d"):
            made = do(CreateMailbox(1, name))
            assert made.uidvalidity > last
            assert made.modseq > modseq
            last, modseq = made.uidvalidity, do(DeleteMailbox(1, made.mailbox)).modseq
            clock.jump(-1_000_000)
        assert do(CreateMailbox(1, "a")).uidvalidity > last


def test_commits_are_counted(tmp_path: Path) -> None:
    """For the metrics page."""
    ledger_in(tmp_path, CLOCK).close()
    metrics = Metrics()
    with listen(tmp_path) as listener:
        scribe = Scribe(
            data=tmp_path,
            listener=listener,
            clock=CLOCK,
            log=quiet(CLOCK),
            metrics=metrics.row(1),
            settings=SETTINGS,
        )
        raw = Raw(tmp_path, hello=False)
        raw.say(Hello(1))
        raw.say(Submit(((1, pack((mail(),))), (2, pack((mail(), letter().append(9, 1))))), 0))
        while metrics.total("commits_total") == 0:
            scribe._look(0.1)
            scribe._work()
        scribe.stop()
        scribe.run()

    assert metrics.total("units_committed_total") == 1
    assert metrics.total("units_failed_total") == 1


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_any_moment_nothing_is_lost_or_doubled(tmp_path: Path, seed: int) -> None:
    """Each letter that was answered is there once, none that failed is there."""
    ledger_in(tmp_path, CLOCK).close()
    chance = random.Random(seed)
    process = ScribeProcess(tmp_path)
    process.start()
    kept: dict[str, int] = {}
    failed: set[str] = set()
    kills = 12

    async def session(store: SqliteStore, end: asyncio.Event) -> None:
        while not end.is_set():
            made = letter()
            try:
                results = await store.commit(made.deliver(Place(1, INBOX)))
            except StoreFailure:
                failed.add(made.rendered.message_id)
            else:
                assert made.rendered.message_id not in kept
                kept[made.rendered.message_id] = results[0].places[0].uid  # type: ignore[union-attr]

    async def killer(end: asyncio.Event) -> None:
        for _ in range(kills):
            await asyncio.sleep(chance.uniform(0.0, 0.06))
            process.kill()
            await asyncio.sleep(chance.uniform(0.0, 0.03))
            process.start()
        await asyncio.sleep(0.2)
        end.set()

    with store_in(tmp_path, CLOCK) as (store, loop):

        async def world() -> None:
            end = asyncio.Event()
            await asyncio.gather(killer(end), *(session(store, end) for _ in range(16)))

        loop.run_until_complete(world())
    process.terminate()
    process.close()
    there = subjects(tmp_path)

    assert len(kept) > 50
    assert not failed
    assert len(there) == len(set(there))
    assert set(there) == kept.keys()
    assert [there[uid - 1] for uid in kept.values()] == list(kept)
    assert verify(tmp_path, None, print).is_sound
