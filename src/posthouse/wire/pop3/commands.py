"""The commands of POP3, each a function in a table: it settles what the RFC settles, or asks.

RFC 1939 4 to 7, 2449 5, 2595 4, 5034 4, 6856 2 and 3
"""

import re
from binascii import a2b_base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from posthouse.wire.pop3 import questions
from posthouse.wire.pop3.answers import AUTH, Err
from posthouse.wire.pop3.drop import Drop
from posthouse.wire.pop3.letter import Letter
from posthouse.wire.pop3.offer import LANGUAGES
from posthouse.wire.pop3.questions import Question
from posthouse.wire.pop3.session import Session

NUMBER: Final = re.compile(rb"[0-9]{1,10}\Z")
BASE64: Final = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\Z")

NO_PLAINTEXT: Final = Err("STLS first: a password is not taken in the clear")
BAD_BASE64: Final = Err("Expected base64")
_NOT_UTF8: Final = Err("Name and password are UTF-8 here", AUTH)
_NO_NUMBER: Final = Err("Expected the number of a message")

Run = Callable[[Session, bytes], Question | None]
"""Settles a command (None) or asks. The argument is what stands behind the first space."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A command: what it does and where it may be used."""

    run: Run
    before: bool = False
    """In the AUTHORIZATION state. RFC 1939 4"""
    after: bool = False
    """In the TRANSACTION state. RFC 1939 5"""
    has_argument: bool = False
    """Without one it is wrong; commands that may have one look themselves."""
    is_bare: bool = False
    """With an argument it is wrong."""


# ---- before log-in


def user(session: Session, name: bytes) -> None:
    """Always welcome: who lives here is nobody's business. RFC 1939 7"""
    if not session.offer.may_log_in(has_tls=session.has_tls):
        session.wrong(NO_PLAINTEXT)
        return
    session.ok("Now the password")
    session.user = name


def password(session: Session, secret: bytes) -> Question | None:
    """All that follows the space, spaces included. RFC 1939 7"""
    name, session.user = session.user, None
    if name is None:
        session.wrong(Err("USER first"))
        return None
    try:
        return questions.LogIn(name.decode(), secret.decode())  # RFC 6856 2.2
    except UnicodeDecodeError:
        session.wrong(_NOT_UTF8)
        return None


def apop(session: Session, _argument: bytes) -> None:
    """It needs the password itself at the server, and MD5: never. RFC 1939 7"""
    session.wrong(Err("APOP is not offered; use AUTH"))


def auth(session: Session, argument: bytes) -> Question | None:
    """RFC 5034 4"""
    allowed = session.offer.allowed_mechanisms(has_tls=session.has_tls)
    if not argument:
        # Older than RFC 5034: clients without CAPA ask so what there is
        session.ok("The mechanisms are")
        session.put("".join(f"{name}\r\n" for name in (*allowed, ".")).encode("ascii"))
        return None
    name, space, given = argument.partition(b" ")
    mechanism = name.decode("ascii", "replace").upper()
    if mechanism not in allowed:
        is_known = mechanism in session.offer.mechanisms
        session.wrong(NO_PLAINTEXT if is_known else Err("That mechanism is not offered here"))
        return None
    initial = b"" if given == b"=" else decoded(given) if space else None
    if space and (initial is None or not given):
        session.wrong(BAD_BASE64)
        return None
    return questions.AuthStarted(mechanism, initial)


def decoded(text: bytes) -> bytes | None:
    """Base64, whole and without anything around it; None when it is not."""
    return a2b_base64(text) if BASE64.match(text) else None


def stls(session: Session, _argument: bytes) -> None:
    """RFC 2595 4"""
    if session.has_tls:
        session.wrong(Err("TLS stands already"))
    elif not session.offer.stls:
        session.wrong(Err("STLS is not offered here"))
    else:
        session.ok("Begin TLS now")
        session.begin_tls()


def utf8(session: Session, _argument: bytes) -> None:
    """RFC 6856 2.1: letters go out as they are, names may be any."""
    session.utf8 = True
    session.ok("UTF-8 it is")


# ---- always


def capa(session: Session, _argument: bytes) -> None:
    """RFC 2449 5"""
    session.ok("What is offered now")
    session.put(session.offer.capabilities(has_tls=session.has_tls, is_open=session.is_open))


def lang(session: Session, argument: bytes) -> None:
    """RFC 6856 3"""
    if not argument:
        session.ok("The languages are")
        session.put("".join(f"{tag} {name}\r\n" for tag, name in LANGUAGES.items()).encode())
        session.put(b".\r\n")
        return
    wanted = argument.decode("ascii", "replace").lower()
    first = next(iter(LANGUAGES))
    tag = first if wanted in ("*", "i-default") else wanted
    # RFC 4647 3.4: en-gb is served by en where there is nothing nearer
    while tag not in LANGUAGES and "-" in tag:
        tag = tag.rpartition("-")[0]
    if tag in LANGUAGES:
        session.ok(f"{tag} It is spoken from now on")
    else:
        session.no(Err("That language is not spoken here"))


def leave(session: Session, _argument: bytes) -> Question | None:
    """Only after log-in there is something to be done. RFC 1939 4, 6"""
    if session.drop is not None:
        return questions.Leave(session.drop.gone())
    session.ok("Good-bye")
    session.closing = True
    return None


# ---- after log-in


def stat(session: Session, _argument: bytes) -> None:
    drop = _drop(session)
    session.ok(f"{drop.count} {drop.octets}")


def list_sizes(session: Session, argument: bytes) -> None:
    drop = _drop(session)
    if not argument:
        session.send_listing(f"{drop.count} messages ({drop.octets} octets)", drop.scan)
    elif (number := _number(session, drop, argument)) is not None:
        session.ok(f"{number} {drop.sizes[number - 1]}")


def uidl(session: Session, argument: bytes) -> None:
    drop = _drop(session)
    if not argument:
        session.send_listing("Unique ids follow", drop.scan_ids)
    elif (number := _number(session, drop, argument)) is not None:
        session.ok(f"{number} {drop.unique_id(number).decode('ascii')}")


def retr(session: Session, argument: bytes) -> None:
    number = _number(session, _drop(session), argument)
    if number is not None:
        session.send_letter(Letter(number, in_ascii=session.wants_ascii))


def top(session: Session, argument: bytes) -> None:
    """RFC 1939 7"""
    message, _, lines = argument.partition(b" ")
    number = _number(session, _drop(session), message)
    if number is None:
        return
    if NUMBER.match(lines):
        session.send_letter(Letter(number, int(lines), in_ascii=session.wants_ascii))
    else:
        session.wrong(Err("Expected the number of lines"))


def dele(session: Session, argument: bytes) -> None:
    drop = _drop(session)
    number = _number(session, drop, argument)
    if number is not None:
        drop.delete(number)
        session.ok(f"Message {number} goes when you QUIT")


def noop(session: Session, _argument: bytes) -> None:
    session.ok("Nothing done")


def reset(session: Session, _argument: bytes) -> None:
    drop = _drop(session)
    drop.reset()
    session.ok(f"{drop.count} messages ({drop.octets} octets)")


def _drop(session: Session) -> Drop:
    assert session.drop is not None, "the table lets nobody in before log-in"
    return session.drop


def _number(session: Session, drop: Drop, text: bytes) -> int | None:
    """The message that is meant; None when it was refused. RFC 1939 5"""
    if NUMBER.match(text) is None:
        session.wrong(_NO_NUMBER)
        return None
    number = int(text)
    if drop.has(number):
        return number
    if 0 < number <= len(drop):
        session.no(Err(f"Message {number} is deleted"))
    else:
        session.no(Err(f"No such message, there are {len(drop)}"))
    return None


COMMANDS: Final[dict[bytes, Entry]] = {
    b"USER": Entry(user, before=True, has_argument=True),
    b"PASS": Entry(password, before=True, has_argument=True),
    b"APOP": Entry(apop, before=True),
    b"AUTH": Entry(auth, before=True),
    b"STLS": Entry(stls, before=True, is_bare=True),
    b"UTF8": Entry(utf8, before=True, is_bare=True),
    b"CAPA": Entry(capa, before=True, after=True, is_bare=True),
    b"LANG": Entry(lang, before=True, after=True),
    b"QUIT": Entry(leave, before=True, after=True, is_bare=True),
    b"STAT": Entry(stat, after=True, is_bare=True),
    b"LIST": Entry(list_sizes, after=True),
    b"RETR": Entry(retr, after=True, has_argument=True),
    b"DELE": Entry(dele, after=True, has_argument=True),
    b"NOOP": Entry(noop, after=True, is_bare=True),
    b"RSET": Entry(reset, after=True, is_bare=True),
    b"TOP": Entry(top, after=True, has_argument=True),
    b"UIDL": Entry(uidl, after=True),
}
