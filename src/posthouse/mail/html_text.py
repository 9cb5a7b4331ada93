"""HTML to the words in it, for preview and SEARCH. Not safe HTML, not for showing as HTML.

Linear: what is left unclosed ends the text. Scripts, styles and comments are left out.
"""

import re
from html import unescape
from typing import Final

_COMMENT_END: Final = re.compile(r"--!?>")
_HIDDEN: Final = {
    name: re.compile(rf"</{name}\b[^>]*>?", re.IGNORECASE)
    for name in ("script", "style", "title", "template", "svg", "math")
}
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*+)(?:[^\"'>]|\"[^\"]*+\"|'[^']*+')*+>")
_TAG_NAME: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*+)|<[!?/]")
_INLINE_NAMES: Final = """a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd
label mark o:p q ruby rp rt s samp small span strike strong sub sup time tt u var wbr"""
_INLINE: Final = frozenset(_INLINE_NAMES.split())
# int() of thousands of digits is quadratic and refused by Python.
_LONG_NUMBER: Final = re.compile(r"&#[0-9]{8,};?")


def html_to_text(html: str) -> str:
    """The text of a page: blocks on lines of their own, entities decoded."""
    pieces: list[str] = []
    at = 0
    quotes_close = True
    while True:
        start = html.find("<", at)
        if start < 0:
            pieces.append(html[at:])
            break
        pieces.append(html[at:start])
        if html.startswith("<!--", start):
            end = _COMMENT_END.search(html, start + 2)
            if end is None:
                break
            at = end.end()
            continue
        match = _TAG.match(html, start) if quotes_close else None
        if match is None:
            match = _TAG_NAME.match(html, start)
            if match is None:
                pieces.append("<")
                at = start + 1
                continue
            # An open quote: tags end at the next bracket from here on, the quotes are not searched
            # a second time.
            quotes_close = quotes_close and match[2] is None
            at = html.find(">", start) + 1
            if at == 0:
                break
        else:
            at = match.end()
        name = (match[2] or "!").lower()
        if name in _HIDDEN and not match[1]:
            end = _HIDDEN[name].search(html, at)
            if end is None:
                break
            at = end.end()
        if name not in _INLINE:
            pieces.append("\n")
    text = "".join(pieces)
    if "&" in text:
        text = unescape(_LONG_NUMBER.sub("\ufffd", text))
    return text
