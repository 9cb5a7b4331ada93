"""Replies: the answers a house gives, how they are written, and the ready-made ones. RFC 5321 4.2

What a text holds can never break the lines of the protocol: `render` cuts, folds and replaces.
"""

from dataclasses import dataclass
from typing import Final

from posthouse.base.errors import Refusal

TEXT_OCTETS_MAX: Final = 480
"""Of one reply line; with code, status and CRLF it stays within 512. RFC 5321 4.5.3.1.5"""


@dataclass(slots=True)
class Reply:
    """Any reply. Codes below 400 are a yes with another text; 421 and 521 also end the session."""

    code: int
    status: str
    """RFC 3463, as "5.7.1"; "" for none, as RFC 2034 4 wants it in a greeting."""
    text: str


@dataclass(slots=True)
class Accepted:
    """Yes, with this text: `250 2.0.0 text`."""

    text: str
    code: int = 250
    status: str = "2.0.0"


@dataclass(slots=True)
class Challenge:
    """The next step of an AUTH exchange. RFC 4954 4"""

    octets: bytes


@dataclass(slots=True)
class Authenticated:
    """The client is who it said. RFC 4954 6"""

    text: str = "authenticated"


Answer = Reply | Accepted | Refusal
"""What stands for yes or no where None does not."""


def render(code: int, status: str, text: str, *, is_utf8: bool = False) -> bytes:
    """The reply as lines, one for each line of the text, long ones folded. RFC 5321 4.2.1"""
    start = f"{code} {status} " if status else f"{code} "
    if len(text) <= TEXT_OCTETS_MAX and text.isascii() and text.isprintable():
        return f"{start}{text}\r\n".encode("ascii")
    lines: list[str] = []
    for part in text.splitlines():
        clean = "".join(c if c.isprintable() else "?" for c in part)
        if not is_utf8:  # RFC 6531 3.7.4.1: only a client that asked for it gets UTF-8
            clean = clean.encode("ascii", "replace").decode("ascii")
        width = TEXT_OCTETS_MAX if clean.isascii() else TEXT_OCTETS_MAX // 4
        lines.extend(clean[at : at + width] for at in range(0, max(1, len(clean)), width))
    lines = lines or [""]
    middle = start[:3] + "-" + start[4:]
    out = [f"{middle}{line}\r\n" for line in lines[:-1]]
    return "".join([*out, f"{start}{lines[-1]}\r\n"]).encode("utf-8", "replace")


def text_of(answer: Answer) -> str:
    """What the peer may read of it."""
    return answer.say if isinstance(answer, Refusal) else answer.text


def written(answer: Answer, *, is_utf8: bool = False) -> bytes:
    """A house's answer as lines."""
    return render(answer.code, answer.status, text_of(answer), is_utf8=is_utf8)


SENDER_OK: Final = b"250 2.1.0 sender ok\r\n"
RECIPIENT_OK: Final = b"250 2.1.5 recipient ok\r\n"
SEND_BODY: Final = b"354 send the letter, end it with a dot alone on a line\r\n"
LETTER_OK: Final = b"250 2.0.0 accepted\r\n"
RESET: Final = b"250 2.0.0 reset\r\n"
NOOP_OK: Final = b"250 2.0.0 ok\r\n"
START_TLS: Final = b"220 2.0.0 go ahead\r\n"
VERIFY: Final = b"252 2.0.0 nobody is verified here, but letters are tried\r\n"
HELP: Final = (
    b"214-2.0.0 HELO EHLO LHLO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY HELP STARTTLS AUTH\r\n"
    b"214 2.0.0 RFC 5321, 2033, 3030, 3207, 3461, 4954, 6531, 9422\r\n"
)

UNKNOWN: Final = b"500 5.5.2 command not recognized\r\n"
LINE_TOO_LONG: Final = b"500 5.5.2 line too long\r\n"
BARE_NEWLINE: Final = b"500 5.5.2 lines end with CR LF and hold neither alone\r\n"
CONTROL: Final = b"500 5.5.2 control characters have no place in a command\r\n"
NO_ARGUMENT: Final = b"501 5.5.4 this command takes no argument\r\n"
HELLO_SYNTAX: Final = b"501 5.5.4 expected one name\r\n"
MAIL_SYNTAX: Final = b"501 5.5.4 expected MAIL FROM:<address>\r\n"
RCPT_SYNTAX: Final = b"501 5.5.4 expected RCPT TO:<address>\r\n"
SENDER_SYNTAX: Final = b"501 5.1.7 that is no address\r\n"
RECIPIENT_SYNTAX: Final = b"501 5.1.3 that is no address\r\n"
PATH_TOO_LONG: Final = b"501 5.1.0 path too long\r\n"
PARAMETER_SYNTAX: Final = b"501 5.5.4 parameter wrong or given twice\r\n"
PARAMETER_UNKNOWN: Final = b"555 5.5.4 parameter not known\r\n"
NEEDS_SMTPUTF8: Final = b"553 5.6.7 such an address needs SMTPUTF8\r\n"
BAD_UTF8: Final = b"501 5.5.2 that is not UTF-8\r\n"
BDAT_SYNTAX: Final = b"501 5.5.4 expected BDAT octets or BDAT octets LAST\r\n"
STRING_MISSING: Final = b"501 5.5.4 expected a name\r\n"
AUTH_SYNTAX: Final = b"501 5.5.4 expected AUTH mechanism and perhaps base64\r\n"
BAD_BASE64: Final = b"501 5.5.2 that is not base64\r\n"
AUTH_CANCELLED: Final = b"501 5.0.0 authentication cancelled\r\n"
AUTH_LINE_TOO_LONG: Final = b"500 5.5.6 line too long\r\n"
STARTTLS_SYNTAX: Final = b"501 5.5.4 STARTTLS takes no argument\r\n"
NOT_OFFERED: Final = b"502 5.5.1 not offered here\r\n"
HELLO_FIRST: Final = b"503 5.5.1 say hello first\r\n"
SENDER_GIVEN: Final = b"503 5.5.1 sender already given\r\n"
MAIL_FIRST: Final = b"503 5.5.1 MAIL comes first\r\n"
RCPT_FIRST: Final = b"503 5.5.1 no recipient so far\r\n"
NEEDS_BDAT: Final = b"503 5.5.1 BINARYMIME needs BDAT\r\n"
BDAT_BEGUN: Final = b"503 5.5.1 the letter is coming by BDAT\r\n"
TLS_STANDS: Final = b"503 5.5.1 TLS stands already\r\n"
REFUSED: Final = b"503 5.5.1 only QUIT now\r\n"
AUTH_OUT_OF_ORDER: Final = b"503 5.5.1 not now\r\n"
MECHANISM_UNKNOWN: Final = b"504 5.5.4 mechanism not offered\r\n"
AUTH_NEEDS_TLS: Final = b"538 5.7.11 STARTTLS first\r\n"
NEEDS_TLS: Final = b"530 5.7.0 STARTTLS first\r\n"
NEEDS_AUTH: Final = b"530 5.7.0 authentication required\r\n"
TOO_LARGE: Final = b"552 5.3.4 letter larger than SIZE allows\r\n"
BARE_IN_BODY: Final = b"550 5.6.0 lines of a letter end with CR LF and hold neither alone\r\n"
NUL_IN_BODY: Final = b"550 5.6.0 a text letter holds no NUL\r\n"
EARLY_TALK: Final = b"554 the greeting comes first\r\n"
TOO_MANY_RECIPIENTS: Final = b"452 4.5.3 too many recipients\r\n"

TOO_MANY_LETTERS: Final = b"421 4.7.0 too many letters in one session, come again\r\n"
TOO_MANY_ERRORS: Final = b"421 4.7.0 too many errors, good bye\r\n"
FAR_TOO_LARGE: Final = b"421 4.3.4 letter far larger than SIZE allows, good bye\r\n"
NOT_SMTP: Final = b"421 4.7.0 this is SMTP, good bye\r\n"
IDLE: Final = b"421 4.4.2 nothing heard for too long, good bye\r\n"
SHUTTING_DOWN: Final = b"421 4.3.2 shutting down, come again\r\n"
