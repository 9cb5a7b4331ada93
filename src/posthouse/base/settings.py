"""What a configurable value is: a dataclass field that carries its meaning, bounds and unit.

Every room declares its own frozen section; `app.config` puts them together. Loader, `config
--explain`, the
reference page and error texts all read these fields, so a limit is described in one place.
"""

from collections.abc import Sequence
from dataclasses import field
from typing import Any


def setting(
    default: Any,
    meaning: str,
    *,
    least: float | None = None,
    most: float | None = None,
    choices: Sequence[str] = (),
) -> Any:
    """A field of a config section: `name: int = setting(20, "Sentence.", least=1, most=500)`.

    Types allowed in sections: bool, int (a plain number, or octets where the name ends in
    _octets_max and the
    file may say "50M"), float seconds where the name has `_seconds`, str, tuple[str, ...].
    """
    metadata = {"meaning": meaning, "least": least, "most": most, "choices": tuple(choices)}
    if isinstance(default, (list, dict)):
        raise TypeError("a default is immutable: use a tuple")
    return field(default=default, metadata=metadata)
