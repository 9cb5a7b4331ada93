"""Tells about every key: what `posthouse config --explain` prints. It is a config file itself."""

import dataclasses
import json
import re
import textwrap
from typing import Any, Final

from posthouse.app.config import SECTIONS, Config, Section, default_config
from posthouse.app.config_load import allowed

WIDTH: Final = 96
_TITLE: Final = re.compile(r"\[[^]]+\]\]? - (.*)", re.DOTALL)


def explain(config: Config | None = None, *, only: str = "") -> str:
    """All sections, or those and the keys whose names contain `only`; as a file with its values.

    Values that `config` changes say what the default is.
    """
    config = config or default_config()
    blocks = [block for section in SECTIONS if (block := _section(section, config, only))]
    return "\n".join(blocks)


def _section(section: Section, config: Config, only: str) -> str:
    lines: list[str] = []
    for kind in section.kinds:
        for field in dataclasses.fields(kind):
            if only and only not in f"{section.name}.{field.name}":
                continue
            lines += _key(section, field, _current(section, kind, field, config))
    if not lines:
        return ""
    head = []
    if section.name:
        title = _TITLE.match(section.kinds[0].__doc__ or "")
        head += _comment(title[1] if title else "")
        head += [f"# [[{section.name}]]" if section.is_repeated else f"[{section.name}]"]
    return "\n".join([*head, *lines, ""])


def _current(section: Section, kind: type, field: "dataclasses.Field[Any]", config: Config) -> Any:
    if section.is_repeated:
        return field.default
    return getattr(config.parts[kind], field.name)


def _key(section: Section, field: "dataclasses.Field[Any]", current: Any) -> list[str]:
    meaning = field.metadata.get("meaning", "")
    closing = "" if meaning.endswith(".") else "."
    lines = _comment(f"{meaning}{closing} Allowed: {allowed(field)}.")
    changed = "" if current == field.default else f"  # default: {_toml(field.default)}"
    sign = "# " if section.is_repeated else ""
    return [*lines, f"{sign}{field.name} = {_toml(current)}{changed}"]


def _comment(text: str) -> list[str]:
    flat = " ".join(text.split())
    return textwrap.wrap(flat, WIDTH, initial_indent="# ", subsequent_indent="#   ")


def _toml(value: Any) -> str:
    # JSON's notation of texts, lists, numbers and truth values is also TOML's.
    return json.dumps(value, ensure_ascii=False)
