"""Finds and reads the config: one TOML file, then the environment; checks every value.

Fails with ConfigFailed, which holds all that is wrong at once, each with file, line and key, what
was found and what is allowed. Never guesses, never passes over an unknown key.
"""

import dataclasses
import difflib
import json
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from posthouse.app.config import SECTIONS, Config, Section
from posthouse.app.toml_lines import key_lines

EXIT_CONFIG: Final = 78
"""sysexits.h EX_CONFIG"""
PREFIX: Final = "POSTHOUSE_"
FILE_VARIABLE: Final = "POSTHOUSE_CONFIG"
PLACES: Final = (Path("var/posthouse.toml"), Path("/etc/posthouse/posthouse.toml"))

_SIZES: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_TIMES: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_SIZE: Final = re.compile(r"(\d+)\s*([KMG]?)(?:i?B)?\Z")
_TIME: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)\Z")
_WORDS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong."""

    where: str
    """As "posthouse.toml:12" or "environment POSTHOUSE_WORKERS"."""
    key: str
    """As "net.backlog_max"."""
    what: str

    @property
    def text(self) -> str:
        return (
            f"{self.where}: {self.key}: {self.what}" if self.key else f"{self.where}: {self.what}"
        )


class ConfigFailed(Exception):
    """The config cannot be used; the exit code for it is EXIT_CONFIG."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.text for problem in self.problems))


def find_config(given: str | None, environ: Mapping[str, str]) -> Path | None:
    """The file to read; None: there is none, everything is at its default."""
    if given:
        return Path(given)
    if named := environ.get(FILE_VARIABLE):
        return Path(named)
    return next((place for place in PLACES if place.exists()), None)


def load_config(given: str | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """Reads the config that `find_config` finds. Raises ConfigFailed."""
    environ = os.environ if environ is None else environ
    file = find_config(given, environ)
    if file is None:
        return parse_config("", None, environ)
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ConfigFailed([Problem(str(file), "", f"cannot be read: {reason}")]) from error
    return parse_config(text, file, environ)


def parse_config(text: str, file: Path | None, environ: Mapping[str, str]) -> Config:
    """Makes a config of the text of a file and the environment. Raises ConfigFailed."""
    name = str(file or "defaults")
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        place = f"{name}:{line[1]}" if line else name
        raise ConfigFailed([Problem(place, "", f"not TOML: {error}")]) from error
    lines = key_lines(text)

    def where(*path: str | int) -> str:
        while path and path not in lines:
            path = path[:-1]
        return f"{name}:{lines[path]}" if path else name

    problems: list[Problem] = []
    parts = _read_sections(tables, where, _from_environ(environ, problems), problems)
    if problems:
        raise ConfigFailed(problems)
    return Config(file, parts)


Where = Callable[..., str]
Overrides = dict[tuple[str, str], tuple[str, str]]
"""(section, key) -> (name of the variable, its text)"""


def _read_sections(
    tables: dict[str, Any], where: Where, overrides: Overrides, problems: list[Problem]
) -> dict[type, Any]:
    parts: dict[type, Any] = {}
    names = {section.name for section in SECTIONS if section.name}
    root_keys = _fields(SECTIONS[0])
    for key in tables:
        if key not in names and key not in root_keys:
            known = [*root_keys, *names]
            problems.append(Problem(where(key), key, _unknown("key or section", key, known)))
    for section in SECTIONS:
        if section.is_repeated:
            rows = tables.get(section.name, [])
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                what = f"found {_shown(rows)}; allowed: tables [[{section.name}]]"
                problems.append(Problem(where(section.name), section.name, what))
                continue
            (kind,) = section.kinds
            parts[kind] = tuple(
                _read(section, row, (section.name, number), where, {}, problems).get(kind)
                for number, row in enumerate(rows)
            )
            continue
        table = tables if not section.name else tables.get(section.name, {})
        if not isinstance(table, dict):
            what = f"found {_shown(table)}; allowed: a table [{section.name}]"
            problems.append(Problem(where(section.name), section.name, what))
            continue
        if not section.name:
            table = {key: value for key, value in table.items() if key in root_keys}
        path = (section.name,) if section.name else ()
        parts |= _read(section, table, path, where, overrides, problems)
    return parts


def _read(
    section: Section,
    table: dict[str, Any],
    path: tuple[str | int, ...],
    where: Where,
    overrides: Overrides,
    problems: list[Problem],
) -> dict[type, Any]:
    """The dataclasses of one table; those with something wrong are missing."""
    fields = _fields(section)
    dot = f"{section.name}." if section.name else ""
    for key in table:
        if key not in fields:
            what = _unknown("key", key, list(fields))
            problems.append(Problem(where(*path, key), dot + key, what))
    parts: dict[type, Any] = {}
    for kind in section.kinds:
        values: dict[str, Any] = {}
        places: dict[str, str] = {}
        before = len(problems)
        for key, field in _fields_of(kind).items():
            override = overrides.get((section.name, key))
            if override is not None:
                places[key] = f"environment {override[0]}"
                found: Any = _from_text(field, override[1])
            elif key in table:
                places[key] = where(*path, key)
                found = table[key]
            else:
                continue
            try:
                values[key] = _value(field, found)
            except (TypeError, ValueError):
                what = f"found {_shown(found)}; allowed: {allowed(field)}"
                problems.append(Problem(places[key], dot + key, what))
        if len(problems) > before:
            continue
        part = kind(**values)
        for key, what in part.wrong() if hasattr(part, "wrong") else ():
            text = f"found {_shown(values.get(key, ''))}; allowed: {what}"
            problems.append(Problem(places.get(key, where(*path)), dot + key, text))
        parts[kind] = part
    return parts


def allowed(field: "dataclasses.Field[Any]") -> str:
    """In words, what a field may hold."""
    least, most = field.metadata.get("least"), field.metadata.get("most")
    match field.default:
        case bool():
            return "true or false"
        case int() | float():
            kind = "a whole number" if isinstance(field.default, int) else "a number"
            if least is not None and most is not None:
                kind += f" from {least} to {most}"
            elif least is not None:
                kind += f", at least {least}"
            elif most is not None:
                kind += f", at most {most}"
            if "_octets" in field.name:
                kind += ', or octets as "50M"'
            elif "_seconds" in field.name:
                kind += ', or a time as "5m"'
            return kind
        case str() if choices := field.metadata.get("choices"):
            return "one of " + ", ".join(f'"{choice}"' for choice in choices)
        case str():
            return "a text"
        case _:
            return "a list of texts"


def _value(field: "dataclasses.Field[Any]", found: Any) -> Any:
    """The value of the field's type; TypeError and ValueError: it is not allowed."""
    default = field.default
    if isinstance(default, bool):
        if not isinstance(found, bool):
            raise TypeError
        return found
    if isinstance(default, (int, float)):
        return _number(field, found)
    if isinstance(default, str):
        choices = field.metadata.get("choices")
        if not isinstance(found, str) or (choices and found not in choices):
            raise ValueError
        return found
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise TypeError
    return tuple(found)


def _number(field: "dataclasses.Field[Any]", found: Any) -> int | float:
    if isinstance(found, str):
        if "_octets" in field.name and (match := _SIZE.match(found)):
            found = int(match[1]) * _SIZES[match[2]]
        elif "_seconds" in field.name and (match := _TIME.match(found)):
            found = float(match[1]) * _TIMES[match[2]]
            found = int(found) if found.is_integer() else found
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        raise TypeError
    number: int | float = found
    if isinstance(field.default, int):
        if not isinstance(number, int):
            raise TypeError
    else:
        number = float(number)
    least, most = field.metadata.get("least"), field.metadata.get("most")
    # Written so that "nan" is refused too.
    if not (least is None or number >= least) or not (most is None or number <= most):
        raise ValueError
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError
    return number


def _from_environ(environ: Mapping[str, str], problems: list[Problem]) -> Overrides:
    """What the environment sets: POSTHOUSE_SECTION_KEY, or POSTHOUSE_KEY before the sections."""
    known = {
        "_".join(filter(None, (PREFIX[:-1], section.name, key))).upper(): (section.name, key)
        for section in SECTIONS
        if not section.is_repeated
        for key in _fields(section)
    }
    sections = tuple(f"{PREFIX}{s.name.upper()}_" for s in SECTIONS if s.name)
    found: Overrides = {}
    for name, text in environ.items():
        if name in known:
            found[known[name]] = (name, text)
        elif name.startswith(sections):
            what = _unknown("key", name, list(known))
            problems.append(Problem(f"environment {name}", "", what))
    return found


def _from_text(field: "dataclasses.Field[Any]", text: str) -> Any:
    """The text of a variable as TOML would have given it; as it is where that cannot be."""
    match field.default:
        case bool():
            return _WORDS.get(text.strip().lower(), text)
        case int() | float():
            try:
                return int(text) if isinstance(field.default, int) else float(text)
            except ValueError:
                return text
        case str():
            return text
        case _:
            return [item.strip() for item in text.split(",") if item.strip()]


def _unknown(noun: str, key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    if close:
        return f"unknown {noun}; did you mean {close[0]}?"
    names = sorted(known)
    return f"unknown {noun}; known: {', '.join(names[:12])}{' ...' if len(names) > 12 else ''}"


def _shown(found: Any) -> str:
    text = json.dumps(found, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:77] + "..."


def _fields(section: Section) -> dict[str, "dataclasses.Field[Any]"]:
    return {name: field for kind in section.kinds for name, field in _fields_of(kind).items()}


def _fields_of(kind: type) -> dict[str, "dataclasses.Field[Any]"]:
    return {field.name: field for field in dataclasses.fields(kind)}
