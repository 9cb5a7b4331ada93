"""Dates, message ids and encoded words, strictly: what may be sent. RFC 5322 3.3, 3.6.4, RFC 2047 2

Raises ValueError, with a text that says what is allowed and what was found. The obsolete forms that
mailers of thirty years ago write (years of two digits, named zones) are taken. Linear.
"""

import re
from datetime import date
from typing import Final

SHOWN_CHARACTERS_MAX: Final = 60

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_COMMENT: Final = re.compile(r"\([^()]*\)")
_DATE: Final = re.compile(
    r"\s*(?:([A-Za-z]{3})\s*,\s*)?(\d{1,2})\s+([A-Za-z]{3})\s+(\d{2,4})"
    r"\s+(\d{2})\s*:\s*(\d{2})(?:\s*:\s*(\d{2}))?\s+(?:[+-]\d\d([0-5]\d)|[A-Za-z]{1,5})\s*"
)
_MESSAGE_ID: Final = re.compile(
    r'\s*<(?:[^\s<>@"]+|"[^"\\]*")@(?:[^\s<>@\[\]]+|\[[^\s<>\[\]]*\])>\s*'
)
_WORD: Final = re.compile(r"=\?([^?\s]*)\?([^?\s]*)\?([^?]*)\?=")
_BASE64: Final = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_QUOTED: Final = re.compile(r"(?:[!-<>-~]|=[0-9A-Fa-f]{2})*")
_CHARSET: Final = re.compile(r"[A-Za-z0-9!#$%&'*+^_`{|}~-]+")


def shown(text: str) -> str:
    """What was found, safe for a reply and a log line; "" for nothing."""
    text = text.strip()
    if len(text) > SHOWN_CHARACTERS_MAX:
        text = text[:SHOWN_CHARACTERS_MAX] + "..."
    return ascii(text) if text else ""


def check_date(text: str) -> None:
    """RFC 5322 3.3, and 4.3 as far as it has one meaning."""
    form = "a date is as Wed, 18 Nov 2026 11:06:40 +0000"
    match = _DATE.fullmatch(_COMMENT.sub(" ", text))
    if match is None:
        raise ValueError(f"{form}, found {shown(text) or 'nothing'}")
    name, day, month_name, year_text, hour, minute, second, _zone_minutes = match.groups()
    year = int(year_text)
    if len(year_text) < 4:  # RFC 5322 4.3
        year += 2000 if len(year_text) == 2 and year < 50 else 1900
    month = _MONTHS.get(month_name.lower())
    if month is None:
        raise ValueError(f"{form}, found the month {shown(month_name)}")
    if int(hour) > 23 or int(minute) > 59 or int(second or 0) > 60:
        raise ValueError(f"{form}, found a time that no clock shows: {shown(text)}")
    try:
        weekday = date(year, month, int(day)).weekday()
    except ValueError:
        raise ValueError(f"{form}, found a day that no calendar has: {shown(text)}") from None
    if name is not None and name.lower() != _DAYS[weekday]:
        # RFC 5322 3.3: the day of the week must be that of the date
        raise ValueError(f"that day is a {_DAYS[weekday].capitalize()}, found {shown(text)}")


def check_message_id(text: str) -> None:
    """RFC 5322 3.6.4: one id."""
    if not _MESSAGE_ID.fullmatch(text):
        raise ValueError(f"a message id is <left@right>, once, found {shown(text) or 'nothing'}")


def check_encoded_words(text: str) -> None:
    """Whatever looks like an encoded word is one. RFC 2047 2, 4"""
    if "=?" not in text:
        return
    for word in _WORD.finditer(text):
        charset, encoding, coded = word.groups()
        match encoding:
            case "B" | "b":
                is_right = _BASE64.fullmatch(coded) is not None
            case "Q" | "q":
                is_right = _QUOTED.fullmatch(coded) is not None
            case _:
                is_right = False
        if not is_right or not _CHARSET.fullmatch(charset):
            raise ValueError(
                f"an encoded word is =?charset?B?base64?= or =?charset?Q?quoted?=, "
                f"found {shown(word[0])}"
            )
