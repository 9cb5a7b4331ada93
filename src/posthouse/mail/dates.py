"""The Date field. RFC 5322 3.3 and 4.3, and what mailers write instead. Never raises."""

import re
from datetime import UTC, date, datetime
from typing import Final

DATE_OCTETS_MAX: Final = 200

_EPOCH: Final = date(1970, 1, 1).toordinal()
_MONTHS: Final = {
    name: number
    for number, name in enumerate(b"jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)
}
# RFC 5322 4.3: the military letters mean nothing certain, so they and all unknown names are 0.
_ZONES: Final = {
    b"edt": -4, b"est": -5, b"cdt": -5, b"cst": -6,
    b"mdt": -6, b"mst": -7, b"pdt": -7, b"pst": -8,
}  # fmt: skip
_TIME: Final = rb"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:[.,]\d+)?"
_ZONE: Final = rb"\s*(?:(?:GMT|UTC?)?([+-])(\d{2}):?(\d{2})|\"?([A-Za-z]{1,5}))?"
_USUAL: Final = re.compile(
    rb"\s*(?:[A-Za-z]+\.?\s*,?\s*)?(\d{1,2})[\s-]+([A-Za-z]{3})[a-z]*[\s.,-]+(\d{2,4}),?\s+"
    + _TIME
    + _ZONE
)
_ASCTIME: Final = re.compile(
    rb"\s*(?:[A-Za-z]+,?\s+)?([A-Za-z]{3})[a-z]*\s+(\d{1,2}),?\s+"
    + _TIME
    + rb"(?:\s+[A-Za-z]{2,5})?\s+(\d{4})"
    + _ZONE
)
_ISO: Final = re.compile(rb"\s*(\d{4})-(\d\d)-(\d\d)[T\s]+" + _TIME + _ZONE)
_COMMENT: Final = re.compile(rb"\([^()]*\)")

_DAY_NAMES: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTH_NAMES: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip


def date_time(seconds: float) -> str:
    """A date-time in UTC, in English whatever the locale is. RFC 5322 3.3"""
    t = datetime.fromtimestamp(int(seconds), UTC)
    return (
        f"{_DAY_NAMES[t.weekday()]}, {t.day} {_MONTH_NAMES[t.month - 1]} {t.year:04}"
        f" {t.hour:02}:{t.minute:02}:{t.second:02} +0000"
    )


def parse_date(value: bytes) -> tuple[int, int] | None:
    """Seconds since 1970 UTC, and days since 1970 of the day as written; None for no date."""
    value = value[:DATE_OCTETS_MAX]
    match = _USUAL.match(value)
    if match is None and b"(" in value:
        value = _COMMENT.sub(b" ", value)
        match = _USUAL.match(value)
    if match is not None:
        day, name, year, *time = match.groups()
        return _moment(int(year), len(year), _MONTHS.get(name.lower(), 0), int(day), time)
    match = _ASCTIME.match(value)
    if match is not None:
        name, day, hour, minute, second, year, *zone = match.groups()
        month = _MONTHS.get(name.lower(), 0)
        return _moment(int(year), 4, month, int(day), [hour, minute, second, *zone])
    match = _ISO.match(value)
    if match is not None:
        year, number, day, *time = match.groups()
        return _moment(int(year), 4, int(number), int(day), time)
    return None


def _moment(
    year: int, digits: int, month: int, day: int, time: list[bytes | None]
) -> tuple[int, int] | None:
    if digits < 4:  # RFC 5322 4.3: two and three digits
        year += 2000 if digits == 2 and year < 50 else 1900
    hour, minute, second, sign, zone_hours, zone_minutes, zone_name = time
    assert hour is not None
    assert minute is not None
    hours, minutes, seconds = int(hour), int(minute), int(second or 0)
    if hours > 24 or minutes > 59 or seconds > 60:
        return None
    try:
        days = date(year, month, day).toordinal() - _EPOCH
    except ValueError:
        return None
    east = 0
    if sign is not None:
        assert zone_hours is not None
        assert zone_minutes is not None
        east = int(zone_hours) * 3600 + int(zone_minutes) * 60
        if east > 86_400:
            east = 0
        elif sign == b"-":
            east = -east
    elif zone_name is not None:
        east = _ZONES.get(zone_name.lower(), 0) * 3600
    return days * 86_400 + hours * 3600 + minutes * 60 + seconds - east, days
