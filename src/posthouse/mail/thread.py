"""What ties letters into threads: base subject, message ids, keys. RFC 5256 2.1, 3; RFC 8621 3."""

import re
from hashlib import blake2b
from typing import Final

from posthouse.mail.header import Header
from posthouse.mail.text import decode, without_controls

SUBJECT_LENGTH_MAX: Final = 1000
"""Characters of a subject that count for its base."""
REFERENCES_MAX: Final = 100
ID_OCTETS_MAX: Final = 1000
"""A longer message id is no id."""
IDS_OCTETS_MAX: Final = 100_000
"""Octets of References looked at, the last ones."""

# RFC 5256 5: subj-blob, subj-refwd, subj-leader, subj-trailer
_BLOB: Final = r"\[[^\[\]]*\]\s*"
_SPACES: Final = re.compile(r"[ \t]+")
_LEADER: Final = re.compile(rf"(?:{_BLOB})*+(?:re|fwd?)\s*+(?:{_BLOB})?:", re.IGNORECASE)
_BLOB_AT_FRONT: Final = re.compile(_BLOB)
_ID: Final = re.compile(rb"<([^<>]+)>")
_QUOTED_LOCAL: Final = re.compile(r'"((?:[^"\\]|\\.)*)"(?=@)')


def base_subject(subject: str) -> tuple[str, bool]:
    """The subject without what replies and forwards add, and whether they added something.

    The steps are those of RFC 5256 2.1, on a decoded subject.
    """
    text = _SPACES.sub(" ", subject[:SUBJECT_LENGTH_MAX]).strip()
    if text[:1] not in _MAY_LEAD and text[-1:] != ")":
        return text, False
    is_reply = False
    while True:
        text, trailed = _without_trailers(text)
        text, led = _without_leaders(text)
        is_reply = is_reply or trailed or led
        if text[:5].lower() == "[fwd:" and text[-1:] == "]":
            text = text[5:-1]
            is_reply = True
            continue
        return text, is_reply


_MAY_LEAD: Final = frozenset("rRfF[")


def _without_trailers(text: str) -> tuple[str, bool]:
    """Step 2."""
    text = text.rstrip()
    found = False
    while text[-5:].lower() == "(fwd)":
        text = text[:-5].rstrip()
        found = True
    return text, found


def _without_leaders(text: str) -> tuple[str, bool]:
    """Steps 3 to 5."""
    found = False
    while True:
        text = text.lstrip()
        leader = _LEADER.match(text)
        if leader is not None:
            text = text[leader.end() :]
            found = True
            continue
        blob = _BLOB_AT_FRONT.match(text)
        if blob is None or blob.end() == len(text):
            return text, found
        text = text[blob.end() :]


# What mailers of other tongues put before a subject, with the colon of their script. RFC 5256 knows
# English only, and without these a Chinese reply would leave its thread.
_OTHER_LEADER: Final = re.compile(
    r"\s*(?:回[复覆信]|答[复覆]|轉寄|轉發|转发|返信|転送|답장|전달|"
    r"re|fwd?|aw|wg|sv|vs|vb|vl|antw|doorst|tr|rv|enc|res|ref|odp|pd|ynt|ilt|bls|ha|απ|πρθ|отв|на)"
    r"\s*(?:[\[(]\d{1,3}[\])]|\^\d{1,3})?\s*[:：]",
    re.IGNORECASE,
)


def thread_subject(base: str) -> str:
    """The base subject without the reply and forward marks of other languages too."""
    while True:
        leader = _OTHER_LEADER.match(base)
        if leader is None or leader.end() == len(base):
            return base.strip()
        base = base[leader.end() :]


def message_ids(value: bytes | None) -> list[str]:
    """The message ids in a field, without brackets; at most `REFERENCES_MAX`, the last ones."""
    if not value:
        return []
    found = _ID.findall(value[-IDS_OCTETS_MAX:])
    return [_id_text(octets) for octets in found[-REFERENCES_MAX:] if len(octets) <= ID_OCTETS_MAX]


def message_id(header: Header) -> str:
    """The letter's own id without brackets, "" when there is none."""
    value = header.first(b"message-id")
    if not value:
        return ""
    ids = message_ids(value)
    if ids:
        return ids[0]
    return (
        _id_text(value) if len(value) <= ID_OCTETS_MAX else ""
    )  # some mailers forget the brackets


def references(header: Header) -> tuple[str, ...]:
    """References, else the first id of In-Reply-To. RFC 5256 3 (THREAD REFERENCES, step 1)"""
    ids = message_ids(header.first(b"references"))
    if not ids:
        ids = message_ids(header.first(b"in-reply-to"))[:1]
    return tuple(dict.fromkeys(ids))


def _id_text(octets: bytes) -> str:
    text = without_controls(decode(octets))
    if " " in text:
        text = text.replace(" ", "")  # folded amid the id
    if '"' in text:
        # The quoted and the plain form are one id. RFC 5256 2
        text = _QUOTED_LOCAL.sub(lambda match: re.sub(r"\\(.)", r"\1", match[1]), text)
    return text


def thread_keys(own: str, earlier: tuple[str, ...], subject: str) -> tuple[int, ...]:
    """A number for each id together with the subject: letters that share one are a thread."""
    tail = b"\0" + subject.encode("utf-8", "replace")
    return tuple(
        [
            int.from_bytes(
                blake2b(id_.encode("utf-8", "replace") + tail, digest_size=8).digest(),
                "big",
                signed=True,
            )
            for id_ in (own, *earlier)
        ]
    )
