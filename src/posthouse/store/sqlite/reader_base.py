"""The one connection over which a process reads mail.db. Opened at the first question.

Every statement is run to its end before anything else happens: a statement left open would hold an
old state of the database and keep the log from being copied back.
"""

from pathlib import Path
from typing import Any

import apsw

from posthouse.store.contract import StoreFailure
from posthouse.store.sqlite.database import open_reader
from posthouse.store.values import Why


class ReaderConnection:
    """What all reads of this engine stand on."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._connection: apsw.Connection | None = None

    def close_reader(self) -> None:
        """No read comes after this."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _cursor(self) -> apsw.Cursor:
        if self._connection is None:
            try:
                self._connection = open_reader(self._data)
            except apsw.Error as error:
                raise StoreFailure(Why.AWAY, f"mail.db cannot be opened: {error}") from error
        return self._connection.cursor()

    def _one(self, statement: str, bindings: tuple[Any, ...] = ()) -> Any:
        """The first row (its value when it has one column), None when there is none."""
        return self._cursor().execute(statement, bindings).get

    def _all(self, statement: str, bindings: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return self._cursor().execute(statement, bindings).fetchall()
