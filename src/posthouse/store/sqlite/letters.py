"""SQL for reading letters: which columns, which tables, which conditions. Pure text, kept once
made.

The wide email rows are only joined when a field of theirs is asked for, the octets only when they
are.
"""

from functools import lru_cache
from typing import Any, Final

from posthouse.store.contract import PLACEMENT_FIELDS, Condition

EMAIL_FIELDS: Final = frozenset(
    {
        "body", "size", "received", "header_octets", "envelope", "bodystructure", "parts", "sent",
        "sent_day", "from_key", "to_key", "cc_key", "subject_key", "is_reply", "from_text",
        "to_text", "cc_text", "bcc_text", "subject_text", "subject", "message_id", "references",
        "thread", "preview", "has_attachment", "render_version",
    }
)  # fmt: skip
_JOIN_EMAIL: Final = " CROSS JOIN email AS e ON e.key=(?1<<40)+p.email"
_JOIN_BODY: Final = " LEFT JOIN body AS b ON b.id=e.body"
_WHERE: Final = " WHERE p.account=?1 AND p.mailbox=?2 AND p.uid BETWEEN ?3 AND ?4"


@lru_cache(maxsize=256)
def letters_statement(fields: tuple[str, ...]) -> str:
    """Bindings: account, mailbox, first UID, last UID, changed since, most rows. The UID comes last
    in each row.
    """
    columns = ", ".join([*map(_column, fields), "p.uid"])
    tables = " FROM placement AS p"
    if not PLACEMENT_FIELDS.issuperset(fields):
        tables += _JOIN_EMAIL
    if "octets" in fields:
        tables += _JOIN_BODY
    return f"SELECT {columns}{tables}{_WHERE} AND p.modseq>?5 ORDER BY p.uid LIMIT ?6"


def find_statement(conditions: tuple[Condition, ...]) -> tuple[str, tuple[Any, ...]]:
    """The SELECT and its bindings after account, mailbox, first and last UID."""
    clauses: list[str] = []
    bindings: list[Any] = []
    # What needs the placement alone is asked first, so that fewer wide rows are visited.
    ordered = sorted(conditions, key=lambda condition: condition.field not in PLACEMENT_FIELDS)
    for condition in ordered:
        clause, value = _clause(condition, len(bindings) + 5)
        clauses.append(f" AND {clause}")
        bindings.append(value)
    tables = " FROM placement AS p"
    if any(condition.field not in PLACEMENT_FIELDS for condition in conditions):
        tables += _JOIN_EMAIL
    statement = f"SELECT p.uid{tables}{_WHERE}{''.join(clauses)} ORDER BY p.uid"
    return statement, tuple(bindings)


def _column(field: str) -> str:
    if field == "octets":
        return "b.octets"
    if field in PLACEMENT_FIELDS:
        return f"p.{field}"
    if field not in EMAIL_FIELDS:
        raise ValueError(f"letters have no field {field!r}")
    return f'e."{field}"'


def _clause(condition: Condition, number: int) -> tuple[str, str | int]:
    column, value, mark = _column(condition.field), condition.value, f"?{number}"
    match condition.test:
        case "contains":
            return f"instr({column},{mark})>0", value
        case "equal":
            return f"{column}={mark}", value
        case "less":
            return f"{column}<{mark}", value
        case "at_least":
            return f"{column}>={mark}", value
        case "bits_on":
            return f"{column}&{mark}={mark}", value
        case "bits_off":
            return f"{column}&{mark}=0", value
        case "word":
            return f"instr(' '||lower({column})||' ', {mark})>0", f" {str(value).lower()} "
        case "no_word":
            return f"instr(' '||lower({column})||' ', {mark})=0", f" {str(value).lower()} "
