"""The queue of the in-memory twin: its writes and its reads, plain walks over everything."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from msgspec.structs import replace

from posthouse.store.contract import StoreFailure
from posthouse.store.memory_state import Site, Work
from posthouse.store.values import AnyResult, Done, Value, Why
from posthouse.store.values_queue import (
    ANSWER_CHARACTERS_MAX,
    FAR,
    QUEUE,
    ClaimAged,
    ClaimQueue,
    Enqueue,
    FreeQueue,
    PauseQueue,
    QueueAct,
    QueueActed,
    QueueAction,
    QueueClaimed,
    QueueCounts,
    QueueDestination,
    QueueLetter,
    QueueRecipient,
    QueueState,
    Settle,
    Settled,
    Settlement,
)


class QueueReads:
    """The reading half. Whoever inherits it replaces `_site` with each commit."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def queue_list(self, after: bytes = b"", limit: int = 100) -> list[QueueLetter]:
        found = sorted(letter for letter in self._site.queue if letter > after)
        return [self._site.queue[letter] for letter in found[:limit]]

    async def queue_letter(self, letter: bytes) -> QueueLetter | None:
        return self._site.queue.get(letter)

    async def queue_due(
        self, now: int, after: tuple[int, str] = (-1, ""), limit: int = 100
    ) -> list[QueueDestination]:
        found = [
            known
            for known in self._site.destinations.values()
            if known.wake <= now and (known.wake, known.destination) > after
        ]
        found.sort(key=lambda known: (known.wake, known.destination))
        return found[:limit]

    async def queue_next(self, after: int) -> int | None:
        times = [known.wake for known in self._site.destinations.values()]
        times += [letter.attend for letter in self._site.queue.values()]
        return min((time for time in times if time > after), default=None)

    async def queue_is_aged(self, now: int) -> bool:
        return any(letter.attend <= now for letter in self._site.queue.values())

    async def queue_destination(self, destination: str) -> QueueDestination | None:
        return self._site.destinations.get(destination)

    async def queue_counts(self) -> QueueCounts:
        states = [row.state for _, row in _rows(self._site.queue.values())]
        return QueueCounts(
            letters=len(self._site.queue),
            waiting=states.count(QueueState.WAITING),
            taken=states.count(QueueState.TAKEN),
            held=states.count(QueueState.HELD),
            destinations=len(self._site.destinations),
        )


def _rows(letters: Iterable[QueueLetter]) -> list[tuple[QueueLetter, QueueRecipient]]:
    return [(letter, row) for letter in letters for row in letter.recipients]


def _enqueue(work: Work, value: Enqueue) -> Done:
    if value.letter in work.site.queue:
        raise StoreFailure(Why.EXISTS, "the letter is in the queue already")
    if value.new_body is not None:
        work.bodies.append(value.new_body)
    rows = tuple(
        QueueRecipient(
            number=number,
            address=to.address,
            destination=to.destination,
            state=QueueState.TAKEN if to.holder else QueueState.WAITING,
            due=to.due,
            attempts=0,
            answer="",
            holder=to.holder,
            notify=to.notify,
            original=to.original,
        )
        for number, to in enumerate(value.recipients)
    )
    work.site.queue[value.letter] = QueueLetter(
        value.letter, value.owner, value.body, value.size, value.sender, value.message_id,
        value.envelope, value.accepted, value.attend, rows,
    )  # fmt: skip
    for row in rows:
        _wake(work, row.destination, row.due)
    if any(not to.holder for to in value.recipients):
        work.tell(QUEUE)
    return Done()


def _claim(work: Work, value: ClaimQueue) -> QueueClaimed:
    due = [
        (row.due, letter.letter, row.number)
        for letter, row in _rows(work.site.queue.values())
        if row.destination == value.destination and row.due <= work.now
    ]
    due.sort()
    taken = due[: value.rows_max]
    rows: dict[bytes, set[int]] = {}
    for _, letter, number in taken:
        rows.setdefault(letter, set()).add(number)
    claimed = [_take(work, letter, rows[letter], value.holder, value.until) for letter in rows]
    _mend(work, value.destination)
    return QueueClaimed(tuple(claimed), len(taken) == value.rows_max)


def _claim_aged(work: Work, value: ClaimAged) -> QueueClaimed:
    aged = sorted(
        (letter.attend, letter.letter)
        for letter in work.site.queue.values()
        if letter.attend <= work.now
    )[: value.letters_max]
    claimed = []
    for _, letter in aged:
        free = {
            row.number
            for row in work.site.queue[letter].recipients
            if row.state == QueueState.WAITING
            or (row.state == QueueState.TAKEN and row.due <= work.now)
        }
        states = {row.state for row in work.site.queue[letter].recipients}
        attend = FAR if states == {QueueState.HELD} else value.until
        work.site.queue[letter] = replace(work.site.queue[letter], attend=attend)
        if free:
            claimed.append(_take(work, letter, free, value.holder, value.until))
    return QueueClaimed(tuple(claimed), len(aged) == value.letters_max)


def _take(work: Work, letter: bytes, numbers: set[int], holder: str, until: int) -> QueueLetter:
    """The rows are the holder's; gives the letter with them alone."""

    def change(row: QueueRecipient) -> QueueRecipient:
        return replace(row, state=QueueState.TAKEN, due=until, holder=holder)

    _change(work, letter, numbers, change)
    whole = work.site.queue[letter]
    return replace(whole, recipients=tuple(r for r in whole.recipients if r.number in numbers))


def _change(
    work: Work,
    letter: bytes,
    numbers: set[int],
    change: Callable[[QueueRecipient], QueueRecipient | None],
) -> None:
    """Rows become what `change` gives; without one they go, and the letter with its last."""
    whole = work.site.queue[letter]
    changed = [change(row) if row.number in numbers else row for row in whole.recipients]
    rows = tuple(row for row in changed if row is not None)
    if rows:
        work.site.queue[letter] = replace(whole, recipients=rows)
    else:
        del work.site.queue[letter]


def _settle(work: Work, value: Settle) -> Done:
    for row in value.rows:
        _settle_row(work, value.holder, row)
    for letter, attend in value.attend:
        whole = work.site.queue.get(letter)
        if whole is not None:
            work.site.queue[letter] = replace(whole, attend=attend)
    return Done()


def _settle_row(work: Work, holder: str, settled: Settled) -> None:
    whole = work.site.queue.get(settled.letter)
    rows = {} if whole is None else {row.number: row for row in whole.recipients}
    old = rows.get(settled.number)
    if settled.what == Settlement.DELIVERED:
        if old is not None:
            _change(work, settled.letter, {settled.number}, lambda _: None)
        return
    if old is None:
        raise StoreFailure(Why.GONE, "the recipient is not in the queue any more")
    if old.holder != holder:
        raise StoreFailure(Why.IN_USE, "the recipient is another one's now")

    def change(row: QueueRecipient) -> QueueRecipient | None:
        if settled.what == Settlement.FAILED:
            return None
        if settled.what == Settlement.KEPT:
            return replace(row, due=settled.due)
        return replace(
            row,
            state=QueueState.WAITING,
            due=settled.due,
            holder="",
            attempts=settled.attempts,
            answer=settled.answer[:ANSWER_CHARACTERS_MAX],
            destination=settled.destination or row.destination,
        )

    _change(work, settled.letter, {settled.number}, change)
    if settled.what == Settlement.AGAIN:
        _wake(work, settled.destination or old.destination, settled.due)
        work.tell(QUEUE)


def _pause(work: Work, value: PauseQueue) -> Done:
    known = work.site.destinations.get(value.destination)
    if known is not None:
        work.site.destinations[value.destination] = replace(
            known,
            pause=value.until,
            failures=value.failures,
            answer=value.answer[:ANSWER_CHARACTERS_MAX],
        )
        _mend(work, value.destination)
    return Done()


def _act(work: Work, value: QueueAct) -> QueueActed:
    done = 0
    for letter, number in value.rows:
        whole = work.site.queue.get(letter)
        rows = {} if whole is None else {row.number: row for row in whole.recipients}
        row = rows.get(number)
        if row is not None and _acts_on(value.action, row, work.now):
            done += 1
            _act_on(work, value.action, letter, row)
    return QueueActed(done)


def _acts_on(action: QueueAction, row: QueueRecipient, now: int) -> bool:
    if row.state == QueueState.TAKEN and row.due > now:
        return False
    if action == QueueAction.RELEASE:
        return row.state == QueueState.HELD
    return action == QueueAction.DROP or row.state != QueueState.HELD


def _act_on(work: Work, action: QueueAction, letter: bytes, row: QueueRecipient) -> None:
    def change(row: QueueRecipient) -> QueueRecipient | None:
        if action == QueueAction.DROP:
            return None
        if action == QueueAction.HOLD:
            return replace(row, state=QueueState.HELD, due=FAR, holder="")
        return replace(row, state=QueueState.WAITING, due=work.now, holder="")

    _change(work, letter, {row.number}, change)
    if action == QueueAction.RELEASE and work.site.queue[letter].attend == FAR:
        work.site.queue[letter] = replace(work.site.queue[letter], attend=work.now)
    if action == QueueAction.RETRY:
        known = work.site.destinations[row.destination]
        work.site.destinations[row.destination] = replace(known, pause=0, wake=work.now)
    if action in (QueueAction.RETRY, QueueAction.RELEASE):
        _wake(work, row.destination, work.now)
        work.tell(QUEUE)


def _free(work: Work, value: FreeQueue) -> QueueActed:
    done = 0
    for letter, row in _rows(list(work.site.queue.values())):
        if row.state == QueueState.TAKEN and row.holder.startswith(value.holders):
            done += 1
            _change(
                work,
                letter.letter,
                {row.number},
                lambda old: replace(old, state=QueueState.WAITING, due=work.now, holder=""),
            )
            _wake(work, row.destination, work.now)
    return QueueActed(done)


def _wake(work: Work, destination: str, due: int) -> None:
    """A row of the destination is due then."""
    known = work.site.destinations.get(destination)
    if known is None:
        known = QueueDestination(destination, due, 0, 0, "")
    wake = max(known.pause, min(known.wake, due))
    work.site.destinations[destination] = replace(known, wake=wake)


def _mend(work: Work, destination: str) -> None:
    """`wake` as its rows say; a destination without rows is forgotten."""
    dues = [row.due for _, row in _rows(work.site.queue.values()) if row.destination == destination]
    known = work.site.destinations.get(destination)
    if known is None:
        return
    if dues:
        wake = max(known.pause, min(dues))
        work.site.destinations[destination] = replace(known, wake=wake)
    else:
        del work.site.destinations[destination]


QUEUE_WRITES: Final[dict[type[Value], Callable[[Work, Any], AnyResult]]] = {
    Enqueue: _enqueue,
    ClaimQueue: _claim,
    ClaimAged: _claim_aged,
    Settle: _settle,
    PauseQueue: _pause,
    QueueAct: _act,
    FreeQueue: _free,
}
