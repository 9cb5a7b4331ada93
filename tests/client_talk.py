"""Plays transcripts against the SMTP client: S lines are given to it, C lines it must say.

`! hello NAME`, `! start_tls`, `! tls_stands`, `! auth USER PASSWORD`, `! reset`, `! quit` are
orders; `! letter SENDER RECIPIENT ...` begins a transaction and `! body TEXT` feeds it, `! short`
before it gives the body with it. `! done`, `! open`, `! fault *`, `! results ...` are looked at.
Settings: `= is_lmtp yes`, `= has_8bit yes` and other fields of the letter, `= limits.x 5`.
"""

from typing import Any

from posthouse.wire.smtp.client import SmtpClient
from posthouse.wire.smtp.client_limits import ClientLimits
from posthouse.wire.smtp.outgoing import Outgoing, OutgoingRecipient
from talk import Cutter, Line, Talk, matches, octets

SHORT = b"Subject: x\r\n\r\n.dot\r\n"


class ClientPlayer:
    """One conversation."""

    def __init__(self, talk: Talk, cut: Cutter) -> None:
        limits: dict[str, Any] = {}
        self.fields: dict[str, Any] = {}
        for key, value in talk.settings.items():
            given: Any = int(value) if value.isdigit() else value == "yes"
            if key.startswith("limits."):
                limits[key.removeprefix("limits.")] = given
            elif key != "is_lmtp":
                self.fields[key] = given if given or value == "no" else value
        self.core = SmtpClient(
            ClientLimits(**limits), is_lmtp=talk.settings.get("is_lmtp") == "yes"
        )
        self.cut = cut
        self.said = b""

    def order(self, text: str) -> str:
        """Carries it out, or gives the state as it is."""
        core = self.core
        name, *words = text.split(" ")
        match name:
            case "letter" | "short":
                letter = Outgoing(
                    sender=words[0].strip("<>"),
                    recipients=tuple(OutgoingRecipient(address=word) for word in words[1:]),
                    **({"size": len(SHORT)} | self.fields),
                )
                core.begin(letter, SHORT if name == "short" else None)
            case "body":
                parts = self.cut(octets(text[5:]))
                for number, part in enumerate(parts, 1):
                    core.body(part, is_last=number == len(parts))
            case "auth":
                core.authenticate(*words)
            case "results":
                found = [r.said if r else "-" for r in core.results]
                wanted = text[8:].split(" | ")
                fits = len(found) == len(wanted) and all(map(matches, wanted, found))
                return text if fits else f"results {' | '.join(found)}"
            case "fault":
                return text if matches(text[6:], core.fault) else f"fault {core.fault}"
            case "done" | "open":
                return "done" if core.done else "open"
            case "wants_body":
                return text if core.wants_body else "wants none"
            case _:
                getattr(core, name)(*words)
        return text

    def play(self, lines: tuple[Line, ...]) -> list[str]:
        """The conversation as it went."""
        went: list[str] = []
        flight = b""
        for line in lines:
            if line.mark in ("S:", "S<<"):
                flight += octets(line.text) + (b"\r\n" if line.mark == "S:" else b"")
                went.append(line.row)
                continue
            self.hear(flight)
            flight = b""
            if line.mark == "!":
                went += self.unsaid()
                went.append(f"! {self.order(line.text)}")
                self.said += self.core.take_output()
            else:
                said, _, self.said = self.said.partition(b"\r\n")
                text = said.decode("utf-8", "backslashreplace")
                went.append(line.row if matches(line.text, text) else f"C: {text}".rstrip())
        self.hear(flight)
        return went + self.unsaid()

    def hear(self, flight: bytes) -> None:
        for part in self.cut(flight) if flight else ():
            self.core.receive(part)
            self.said += self.core.take_output()

    def unsaid(self) -> list[str]:
        """What it said and nobody awaited."""
        said, self.said = self.said, b""
        return [f"C: {said.decode('utf-8', 'backslashreplace')}"] if said else []


def play_client(talk: Talk, cut: Cutter) -> list[str]:
    """A transcript against a new connection."""
    return ClientPlayer(talk, cut).play(talk.lines)
