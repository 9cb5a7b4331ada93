"""How transcripts speak to the IMAP core: their settings, and the house's answers as words.

Settings: `= starttls yes`, `= plaintext_auth no`, `= after CONDSTORE MOVE`, `= mechanisms PLAIN`,
`= limits.errors_max 2`, `= has_tls yes`, `= state selected`.
Answers: `ok TEXT`, `no [CODE] TEXT`, `bad TEXT`, `challenge TEXT`, `none`; before one, `* ... | `
says an untagged line. Without an A line a command is done and everything else is let through.
"""

from typing import Any

from posthouse.wire.imap.answers import Bad, Challenge, No, Ok
from posthouse.wire.imap.limits import ImapLimits
from posthouse.wire.imap.offer import Offer
from posthouse.wire.imap.server import ImapServer
from talk import Cutter, Talk, play

LET_THROUGH = {"AppendOffered", "ReplaceOffered", "AppendPiece", "AppendAborted", "IdleStarted"}

RESULTS: dict[str, type[Ok | No | Bad]] = {"ok": Ok, "no": No, "bad": Bad}


def server_of(settings: dict[str, str]) -> ImapServer:
    """A new session as a transcript wants it."""
    values: dict[str, Any] = {"plaintext_auth": True}
    limits: dict[str, int] = {}
    for key, value in settings.items():
        if key.startswith("limits."):
            limits[key.removeprefix("limits.")] = int(value)
        elif key in ("before", "after", "mechanisms"):
            values[key] = tuple(value.split())
        elif key in ("starttls", "plaintext_auth"):
            values[key] = value == "yes"
    has_tls = settings.get("has_tls") == "yes"
    core = ImapServer(Offer(**values), ImapLimits(**limits), has_tls=has_tls)
    state = settings.get("state")
    if state:
        core.set_state(authenticated=True, selected=state == "selected")
        core.take_output()
    return core


def answer_of(question: Any, text: str | None) -> Any:
    """An A line as the answer it stands for."""
    name = type(question).__name__
    if text is None:
        return None if name in LET_THROUGH else Ok(f"{name} done")
    kind, _, rest = text.partition(" ")
    if kind == "none":
        return None
    if kind == "challenge":
        return Challenge(rest.encode())
    code = None
    if rest.startswith("["):
        start, _, rest = rest[1:].partition("] ")
        code = start.encode()
    return RESULTS[kind](rest, code)


def play_imap(talk: Talk, cut: Cutter) -> list[str]:
    """A transcript against a new session."""
    core = server_of(talk.settings)

    def house(question: Any, text: str | None) -> Any:
        while text is not None and text.startswith("* "):
            line, _, text = text.partition(" | ")
            core.untagged(line.encode() + b"\r\n")
        return answer_of(question, text)

    return play(core, talk, cut, house)
