"""Placements of many ranges of UIDs, with few statements.

A set of thousands of single UIDs costs a statement each; where it is dense, one scan over its whole
span is cheaper.
"""

from typing import Any, Final

from posthouse.store.sqlite.database import Database
from posthouse.store.sqlite.ranges import count, span
from posthouse.store.values import Ranges

STATEMENTS_BEFORE_SCAN: Final = 64
"""With more ranges than these a scan is considered: a statement costs about 2 us, a row passed over
0.3 us.
"""
SPARSE_FACTOR: Final = 8
"""The scan passes over at most so many UIDs for one that is wanted."""


def rows_in(
    db: Database, statement: str, before: tuple[Any, ...], uids: Ranges, after: tuple[Any, ...] = ()
) -> list[tuple[Any, ...]]:
    """Rows of a SELECT whose first column is the UID and which asks for `uid BETWEEN ? AND ?` once.

    The bindings are `before`, the first and last UID, `after`. Rows come ascending.
    """
    found: list[tuple[Any, ...]] = []
    if len(uids) > STATEMENTS_BEFORE_SCAN:
        first, last = span(uids)
        if last - first < SPARSE_FACTOR * count(uids):
            wanted = {uid for low, high in uids for uid in range(low, high + 1)}
            rows = db.execute(statement, (*before, first, last, *after)).fetchall()
            return [row for row in rows if row[0] in wanted]
    for first, last in uids:
        found += db.execute(statement, (*before, first, last, *after)).fetchall()
    return found
