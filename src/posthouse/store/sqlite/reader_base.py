"""The one connection over which a process reads mail.db. Opened at the first question.

Every statement is run to its end before anything else happens: a statement left open would hold an
old state of the database and keep the log from being copied back.

While a process reads, the file is mapped. The kernel maps 64 KB around each page that is touched
and counts them as the memory of who reads; so whoever has nothing to read for a while gives the map
back with `rest`.
"""

from pathlib import Path
from typing import Any

import apsw

from posthouse.store.contract import StoreFailure
from posthouse.store.sqlite.database import map_file, open_reader, unmap_file
from posthouse.store.values import Why


class ReaderConnection:
    """What all reads of this engine stand on."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._connection: apsw.Connection | None = None
        self._is_mapped = False
        self._was_read = False
        """Since the last look of whoever decides when to rest."""

    def close_reader(self) -> None:
        """No read comes after this."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            self._is_mapped = False

    def rest(self) -> None:
        """Nothing to read just now: memory that only reading needs goes back. Reading may go on at
        any time.
        """
        if self._is_mapped and self._connection is not None:
            unmap_file(self._connection)
            self._is_mapped = False

    def began_to_read(self) -> None:
        """The file was mapped for a read; for those who have a timer to end that."""

    def _cursor(self) -> apsw.Cursor:
        self._was_read = True
        if not self._is_mapped:
            self._wake()
        assert self._connection is not None
        return self._connection.cursor()

    def _wake(self) -> None:
        try:
            if self._connection is None:
                self._connection = open_reader(self._data)
            map_file(self._connection)
        except apsw.Error as error:
            raise StoreFailure(Why.AWAY, f"mail.db cannot be opened: {error}") from error
        self._is_mapped = True
        self.began_to_read()

    def _one(self, statement: str, bindings: tuple[Any, ...] = ()) -> Any:
        """The first row (its value when it has one column), None when there is none."""
        return self._cursor().execute(statement, bindings).get

    def _all(self, statement: str, bindings: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return self._cursor().execute(statement, bindings).fetchall()
