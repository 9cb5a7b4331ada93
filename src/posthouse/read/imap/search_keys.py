"""Search keys as conditions that the store can meet by its columns. Pure. RFC 3501 6.4.4

What has no column (words of the body, other header fields) or is no simple AND is left to `search`.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from posthouse.mail.text import search_form
from posthouse.store import values as flags
from posthouse.store.contract import Condition, Mailbox
from posthouse.wire.imap.search_keys import (
    And,
    Compare,
    Day,
    HasFlag,
    HasKeyword,
    HasObjectId,
    InBody,
    InHeader,
    InText,
    IsLarger,
    IsSmaller,
    ModSeqAtLeast,
    Not,
    OnDay,
    Or,
    SearchKey,
    WithinSeconds,
)

Conditions = tuple[Condition, ...]
NEVER: Final[Conditions] = (Condition("uid", "less", 1),)
"""No letter meets this: there is no UID 0."""

_EPOCH: Final = date(1970, 1, 1).toordinal()
_DAY_SECONDS: Final = 86_400
_TEXTS: Final = {
    "FROM": "from_text",
    "TO": "to_text",
    "CC": "cc_text",
    "BCC": "bcc_text",
    "SUBJECT": "subject_text",
}
_TIMES: Final = {Day.RECEIVED: "received", Day.SAVED: "saved"}


def conditions_of(key: SearchKey, now: float) -> Conditions | None:
    """The conditions that together mean the key; None: the store cannot tell by its columns."""
    if isinstance(key, Not):
        return _opposite(key.key, now)
    make = _MAKERS.get(type(key))
    return None if make is None else make(key, now)


def _opposite(key: SearchKey, now: float) -> Conditions | None:
    """Where the opposite of a key is one condition too."""
    if isinstance(key, Not):
        return conditions_of(key.key, now)
    conditions = conditions_of(key, now)
    if conditions is None or len(conditions) != 1:
        return None
    (only,) = conditions
    opposite = _OPPOSITES.get(only.test)
    if opposite is None:
        return None
    if only.test.startswith("bits") and int(only.value).bit_count() != 1:
        return None
    return (Condition(only.field, opposite, only.value),)


_OPPOSITES: Final[dict[str, Any]] = {
    "less": "at_least",
    "at_least": "less",
    "bits_on": "bits_off",
    "bits_off": "bits_on",
    "word": "no_word",
    "no_word": "word",
}


def _flag(key: HasFlag, _now: float) -> Conditions:
    return (Condition("flags", "bits_on" if key.is_set else "bits_off", key.bit),)


def _keyword(key: HasKeyword, _now: float) -> Conditions:
    return (Condition("keywords", "word" if key.is_set else "no_word", key.word),)


def _header(key: InHeader, _now: float) -> Conditions | None:
    field = _TEXTS.get(key.field)
    text = search_form(key.text)
    if field is None or not text:  # an empty text asks whether the field is there
        return None
    return (Condition(field, "contains", text),)


def _day(key: OnDay, _now: float) -> Conditions:
    day = key.date.toordinal() - _EPOCH
    if key.day is Day.SENT:  # RFC 3501 6.4.4: time and zone are disregarded
        field, first, after = "sent_day", day, day + 1
    else:
        field, first, after = _TIMES[key.day], day * _DAY_SECONDS, (day + 1) * _DAY_SECONDS
    match key.compare:
        case Compare.BEFORE:
            return (Condition(field, "less", first),)
        case Compare.SINCE:
            return (Condition(field, "at_least", first),)
        case Compare.ON:
            return (Condition(field, "at_least", first), Condition(field, "less", after))


def _larger(key: IsLarger, _now: float) -> Conditions:
    return (Condition("size", "at_least", key.octets + 1),)


def _smaller(key: IsSmaller, _now: float) -> Conditions:
    return (Condition("size", "less", key.octets),)


def _within(key: WithinSeconds, now: float) -> Conditions:
    moment = int(now) - key.seconds
    if key.is_younger:
        return (Condition("received", "at_least", moment),)
    return (Condition("received", "less", moment + 1),)  # RFC 5032 3: that old or older


def _modseq(key: ModSeqAtLeast, _now: float) -> Conditions:
    return (Condition("modseq", "at_least", key.modseq),)


def _object_id(key: HasObjectId, _now: float) -> Conditions:
    mark, field = ("t", "thread") if key.thread else ("e", "email")
    number = key.id[1:]
    if key.id[:1] != mark or not (number.isascii() and number.isdigit()) or len(number) > 18:
        return NEVER
    return (Condition(field, "equal", int(number)),)


_MAKERS: Final[dict[type, Callable[[Any, float], Conditions | None]]] = {
    HasFlag: _flag,
    HasKeyword: _keyword,
    InHeader: _header,
    OnDay: _day,
    IsLarger: _larger,
    IsSmaller: _smaller,
    WithinSeconds: _within,
    ModSeqAtLeast: _modseq,
    HasObjectId: _object_id,
}


def number_that_meet(conditions: Conditions, box: Mailbox) -> int | None:
    """How many letters of the mailbox meet the conditions, if it counts them; None: it does not."""
    if not conditions:
        return box.messages
    if len(conditions) > 1 or conditions[0].field != "flags":
        return None
    (only,) = conditions
    match only.test, only.value:
        case "bits_off", flags.SEEN:
            return box.unseen
        case "bits_on", flags.SEEN:
            return box.messages - box.unseen
        case "bits_on", flags.DELETED:
            return box.deleted
        case "bits_off", flags.DELETED:
            return box.messages - box.deleted
        case _:
            return None


# ---- the shape of a search


def all_of(key: SearchKey) -> list[SearchKey]:
    """The keys that must all hold, nested ANDs laid flat."""
    if not isinstance(key, And):
        return [key]
    return [inner for part in key.keys for inner in all_of(part)]


def cost_of(key: SearchKey) -> int:
    """How much it costs to try the key on a letter, roughly: the dear ones come last."""
    match key:
        case InBody() | InText():
            return 100
        case InHeader(field):
            return 1 if field in _TEXTS else 10
        case Not(inner):
            return cost_of(inner)
        case Or(left, right):
            return cost_of(left) + cost_of(right)
        case And(keys):
            return max(map(cost_of, keys))
        case _:
            return 1


def asks_modseq(key: SearchKey) -> bool:
    """Whether MODSEQ is anywhere in the search: then it is in the answer too. RFC 7162 3.1.5"""
    match key:
        case ModSeqAtLeast():
            return True
        case Not(inner):
            return asks_modseq(inner)
        case Or(left, right):
            return asks_modseq(left) or asks_modseq(right)
        case And(keys):
            return any(map(asks_modseq, keys))
        case _:
            return False
