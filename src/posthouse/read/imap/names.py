"""What a mailbox may be called here. Pure. RFC 3501 5.1, 6.3.3"""

import re
import unicodedata
from typing import Final

NAME_CHARACTERS_MAX: Final = 500
LEVELS_MAX: Final = 30
_INBOX_BELOW: Final = re.compile(r"inbox(?=/)", re.IGNORECASE)
_FORBIDDEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f*%\u2028\u2029\ufffd\ud800-\udfff]")


def kept_name(name: str) -> str:
    """The name as it is kept: what is below INBOX is below `INBOX`, in any case; no "/" at the
    end; characters composed, so that names that look alike are one. RFC 9051 5.1, 5198 2"""
    return _INBOX_BELOW.sub("INBOX", composed(name).removesuffix("/"), count=1)


def composed(name: str) -> str:
    """A name or a pattern of names in the normal form C."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def trouble(name: str) -> str | None:
    """Why no mailbox can have this name, for people; None: it can."""
    if not name:
        return "A mailbox needs a name"
    if len(name) > NAME_CHARACTERS_MAX:
        return f"A mailbox name has at most {NAME_CHARACTERS_MAX} characters"
    levels = name.split("/")
    if len(levels) > LEVELS_MAX:
        return f"Mailboxes nest at most {LEVELS_MAX} levels deep"
    if not all(level.strip() for level in levels):
        return "Each level of a mailbox name needs a name"
    if _FORBIDDEN.search(name):
        # RFC 3501 5.1: wildcards make names that LIST cannot tell apart.
        return "A mailbox name has no control characters and neither * nor %"
    return None
