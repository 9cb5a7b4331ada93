"""Reading the queue: always by a key and so many rows, so that a million rows cost no more."""

from posthouse.store.sqlite.reader_base import ReaderConnection
from posthouse.store.sqlite.writes_queue import LETTER_COLUMNS, ROW_COLUMNS, letter_of
from posthouse.store.values_queue import QueueCounts, QueueDestination, QueueLetter, QueueState


class QueueReader(ReaderConnection):
    """See `store.contract`, the queue."""

    async def queue_list(self, after: bytes = b"", limit: int = 100) -> list[QueueLetter]:
        letters = self._all(
            f"SELECT {LETTER_COLUMNS} WHERE id>? ORDER BY id LIMIT ?", (after, limit)
        )
        return [letter_of(letter, self._queue_rows(letter[0])) for letter in letters]

    async def queue_letter(self, letter: bytes) -> QueueLetter | None:
        found = self._one(f"SELECT {LETTER_COLUMNS} WHERE id=?", (letter,))
        return None if found is None else letter_of(found, self._queue_rows(letter))

    async def queue_due(
        self, now: int, after: tuple[int, str] = (-1, ""), limit: int = 100
    ) -> list[QueueDestination]:
        rows = self._all(
            "SELECT destination, wake, pause, failures, answer FROM queue_destination"
            " WHERE wake<=? AND (wake, destination)>(?,?) ORDER BY wake, destination LIMIT ?",
            (now, *after, limit),
        )
        return [QueueDestination(*row) for row in rows]

    async def queue_next(self, after: int) -> int | None:
        times = (
            self._one("SELECT min(wake) FROM queue_destination WHERE wake>?", (after,)),
            self._one("SELECT min(attend) FROM queue_letter WHERE attend>?", (after,)),
        )
        return min((time for time in times if time is not None), default=None)

    async def queue_is_aged(self, now: int) -> bool:
        found = self._one("SELECT 1 FROM queue_letter WHERE attend<=? LIMIT 1", (now,))
        return found is not None

    async def queue_destination(self, destination: str) -> QueueDestination | None:
        row = self._one(
            "SELECT destination, wake, pause, failures, answer FROM queue_destination"
            " WHERE destination=?",
            (destination,),
        )
        return None if row is None else QueueDestination(*row)

    async def queue_counts(self) -> QueueCounts:
        states = dict(self._all("SELECT state, count(*) FROM queue_recipient GROUP BY state"))
        return QueueCounts(
            letters=self._one("SELECT count(*) FROM queue_letter"),
            waiting=states.get(QueueState.WAITING, 0),
            taken=states.get(QueueState.TAKEN, 0),
            held=states.get(QueueState.HELD, 0),
            destinations=self._one("SELECT count(*) FROM queue_destination"),
        )

    def _queue_rows(self, letter: bytes) -> list[tuple[object, ...]]:
        return self._all(f"SELECT {ROW_COLUMNS} WHERE letter=? ORDER BY number", (letter,))
