"""How SQLite would do a statement: for tests that say that none walks over a whole table."""

from typing import Any

import apsw


class Asked:
    """Writes down what a reader or a connection is asked."""

    def __init__(self, reader: Any) -> None:
        self.statements: list[tuple[str, Any]] = []
        cursor = reader._cursor()
        cursor.connection.set_exec_trace(self._note)

    def _note(self, cursor: apsw.Cursor, statement: str, bindings: Any) -> bool:
        if not statement.startswith(("EXPLAIN", "PRAGMA")):
            self.statements.append((statement, bindings))
        return True


def scans(reader: Any, statements: list[tuple[str, Any]]) -> list[str]:
    """Steps that visit every row or sort what they found."""
    found = []
    for statement, bindings in statements:
        plan = reader._all("EXPLAIN QUERY PLAN " + statement, bindings or ())
        found += [
            f"{step[3]}: {statement}"
            for step in plan
            if step[3].startswith("SCAN") or "TEMP B-TREE" in step[3]
        ]
    return found
