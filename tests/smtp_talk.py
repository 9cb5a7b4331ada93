"""How transcripts speak to the SMTP core: their settings, and the house's answers as words.

Settings: `= is_lmtp yes`, `= auth_mechanisms PLAIN LOGIN`, `= limits.errors_max 2`.
Answers: `ok`, `accepted TEXT`, `550 5.1.1 TEXT` (several for LMTP, joined by " | "), `refusal 550
5.1.1 TEXT`, `challenge TEXT`, `authenticated`.
"""

from typing import Any

from posthouse.base.errors import Refusal
from posthouse.wire.smtp.limits import SmtpLimits
from posthouse.wire.smtp.replies import Accepted, Authenticated, Challenge, Reply
from posthouse.wire.smtp.server import SmtpServer
from posthouse.wire.smtp.service import SmtpService
from talk import Cutter, Talk, play


def service_of(settings: dict[str, str]) -> SmtpService:
    """The service a transcript asks for."""
    values: dict[str, Any] = {"hostname": "post.example"}
    limits: dict[str, Any] = {}
    for key, value in settings.items():
        if key.startswith("limits."):
            limits[key.removeprefix("limits.")] = int(value)
        elif key == "auth_mechanisms":
            values[key] = value.split()
        elif key not in ("has_tls", "early"):
            values[key] = value == "yes"
    return SmtpService(**values, limits=SmtpLimits(**limits))


def answer_of(_question: Any, text: str | None) -> Any:
    """An A line as the answer it stands for."""
    if text is None or text == "ok":
        return None
    if " | " in text:
        return [answer_of(None, part) for part in text.split(" | ")]
    kind, _, rest = text.partition(" ")
    if kind == "accepted":
        return Accepted(rest)
    if kind == "challenge":
        return Challenge(rest.encode())
    if kind == "authenticated":
        return Authenticated()
    if kind == "refusal":
        code, status, say = rest.split(" ", 2)
        return Refusal(int(code), status, say)
    status, _, say = rest.partition(" ")
    if not status[:1].isdigit():
        status, say = "", rest
    return Reply(int(kind), status, say.replace("\\n", "\n"))


def play_smtp(talk: Talk, cut: Cutter) -> list[str]:
    """A transcript against a new session."""
    core = SmtpServer(service_of(talk.settings), has_tls=talk.settings.get("has_tls") == "yes")
    core.receive(talk.settings.get("early", "").encode())
    return play(core, talk, cut, answer_of)
