"""The part of the load that submits letters for elsewhere, and the reckoning at the end.

What was answered with 250 is a promise for every recipient: he has it, or it waits in the queue, or
his host refused it and the sender has one report. More copies than promises there are only where
the host's 250 may not have been heard or was not yet written down when its hearer was killed.
"""

import asyncio
import base64
import random
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.crash.clients import ANSWER_SECONDS_MAX, Ended, Line, Sent, World
from tests.crash.server import DOMAIN, PASSWORD
from tests.crash.sink import REFUSE_AT_DOT, Sink

PAUSE_SECONDS_MAX = 0.15
HOSTS = 4
"""Of the sink; FAR % number are their domains."""
FAR = "far%d.example"

Key = tuple[str, str]
"""Token and recipient."""


@dataclass
class Submitted:
    """A letter for elsewhere, perhaps for people here too; its promises are `sent`'s."""

    sender: str
    sent: Sent
    """Its recipients are those that live here."""
    outside: tuple[str, ...]
    wants_success: bool = False

    def is_refused(self, recipient: str) -> bool:
        """His host does not take it, ever."""
        return recipient.startswith("never") or REFUSE_AT_DOT in self.sent.text


@dataclass
class Outcome:
    """What became of letters, by token and recipient."""

    accepted: Counter[Key] = field(default_factory=Counter)
    """Copies the sink answered 250 to."""
    excused: Counter[Key] = field(default_factory=Counter)
    """Copies of them that may be there once too often."""
    waiting: Counter[Key] = field(default_factory=Counter)
    """Rows of the queue."""
    failed: Counter[Key] = field(default_factory=Counter)
    """Recipients in reports to the sender."""
    relayed: Counter[Key] = field(default_factory=Counter)


class Submitter:
    """One account that sends to anybody."""

    def __init__(
        self, world: World, chance: random.Random, account: str, people_here: list[str]
    ) -> None:
        self.world = world
        self.chance = chance
        self.account = account
        self.people_here = people_here
        self.letters: dict[str, Submitted] = {}

    async def run(self) -> None:
        """Until the load is over."""
        again: str | None = None
        while not self.world.is_over:
            line = None
            try:
                line = await Line.open(self.world, "submission")
                await self._log_in(line)
                for _ in range(self.chance.randrange(1, 30)):
                    token, again = again or self._new_letter(), None
                    again = await self._submit(line, token)
                    if again or self.world.is_over:
                        break
                    await asyncio.sleep(self.chance.random() * PAUSE_SECONDS_MAX)
            except Ended:
                await asyncio.sleep(0.02)
            except TimeoutError:
                self.world.problems.append(f"no answer to {self.account} in {ANSWER_SECONDS_MAX} s")
            finally:
                if line is not None:
                    line.close()
            if again and self.chance.random() < 0.5:
                again = None  # half of the lost ones are sent again

    async def _log_in(self, line: Line) -> None:
        await line.reply()
        line.send(b"EHLO client.example.net\r\n")
        await line.reply()
        words = base64.b64encode(f"\0{self.account}@{DOMAIN}\0{PASSWORD}".encode())
        line.send(b"AUTH PLAIN " + words + b"\r\n")
        code, said = await line.reply()
        if code != 235:
            if code // 100 == 5:
                self.world.problems.append(f"{self.account} cannot log in: {said!r}")
            raise EOFError

    def _new_letter(self) -> str:
        chance, token = self.chance, self.world.token()
        kinds = ["ok"] * 8 + ["later"] * 2 + ["never"]
        outside = tuple(
            f"{chance.choice(kinds)}{number}.{token}@{FAR % chance.randrange(HOSTS)}"
            for number in range(chance.choice([1, 1, 1, 2, 4]))
        )
        here = tuple(chance.sample(self.people_here, chance.choice([0, 0, 1, 2])))
        line = b"over the hills and far away, letter by letter\r\n"
        size = chance.choice([300] * 12 + [5_000, 30_000, 150_000])
        author = self.account if chance.random() > 0.03 else "somebody.else"
        text = (
            f"From: <{author}@{DOMAIN}>\r\nTo: undisclosed-recipients:;\r\nSubject: {token}\r\n"
            f"Date: Tue, 24 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{token}@client.example.net>\r\n"
            f"X-Token: {token}\r\n"
        ).encode()
        text += REFUSE_AT_DOT + b"\r\n" if chance.random() < 0.05 else b""
        text += b"\r\n" + line * (size // len(line))
        text += b"a line that ends wrongly\n and so is refused\r\n" * (chance.random() < 0.03)
        sent = Sent(here, text)
        self.letters[token] = Submitted(self.account, sent, outside, chance.random() < 0.1)
        if here:
            self.world.letters[token] = sent
        return token

    async def _submit(self, line: Line, token: str) -> str | None:
        """The token when its answer was lost."""
        letter = self.letters[token]
        sent, wish = letter.sent, b" NOTIFY=SUCCESS,FAILURE" if letter.wants_success else b""
        to = [f"{name}@{DOMAIN}" for name in sent.recipients]
        rcpt = [b"RCPT TO:<%s>\r\n" % each.encode() for each in to]
        rcpt += [b"RCPT TO:<%s>%s\r\n" % (each.encode(), wish) for each in letter.outside]
        line.send(b"MAIL FROM:<%s@%s>\r\n" % (self.account.encode(), DOMAIN.encode()))
        line.send(b"".join(rcpt) + b"DATA\r\n")
        codes = [(await line.reply())[0] for _ in range(len(rcpt) + 2)]
        if codes[:-1] != [250] * (len(rcpt) + 1) or codes[-1] != 354:
            if any(code // 100 == 5 for code in codes):
                self.world.problems.append(f"{token} from {self.account}: {codes}")
            raise EOFError
        line.send(sent.text + b".\r\n")
        with self.world.flight("submit"):
            try:
                code, said = await line.reply()
            except Ended:
                sent.lost += 1
                self.world.done["submit lost"] += 1
                return token
        if code == 250:
            sent.promised += 1
            self.world.done["submitted"] += 1
            return None
        sent.refused += 1
        self.world.done["submit refused"] += 1
        is_wrong = b"\n and so" in sent.text or b"somebody.else" in sent.text
        if not is_wrong and code // 100 == 5:
            self.world.problems.append(f"refused for good: {said!r}")
        return None


# ---- the reckoning


def wrong_relays(
    letters: dict[str, Submitted], here: dict[str, Counter[str]], outcome: Outcome
) -> list[str]:
    """Nothing promised is lost, nothing refused leaves, nothing comes twice without an excuse.

    `here`: copies by token and person of this house. They, reports and failures were written in
    the unit that took the letter or settled it, so each tells how often it was taken."""
    wrong = []
    for token, letter in letters.items():
        sent = letter.sent
        least, most = sent.promised, sent.promised + sent.lost
        known = {here[token][name] for name in sent.recipients}
        for to in letter.outside:
            key = (token, to)
            known |= _taken_by_reports(letter, key, outcome)
            copies, waiting = outcome.accepted[key], outcome.waiting[key]
            if letter.is_refused(to):
                least_of_it = most_of_it = 0
            else:
                least_of_it, most_of_it = least - waiting, most + outcome.excused[key]
            if not least_of_it <= copies <= most_of_it:
                wrong.append(
                    f"{token} to {to}: {copies} copies, {waiting} wait, promised {sent.promised},"
                    f" lost {sent.lost}, refused {sent.refused}, excused {outcome.excused[key]}"
                )
            if not letter.is_refused(to) and outcome.failed[key]:
                wrong.append(f"{token} to {to}: reported as failed, but was not")
            if not letter.wants_success and outcome.relayed[key]:
                wrong.append(f"{token} to {to}: a report of success that nobody wanted")
        if len(known) > 1 or not all(least <= count <= most for count in known):
            wrong.append(
                f"{token} from {letter.sender}: copies here and reports say it was taken {known}"
                f" times, promised {sent.promised}, lost {sent.lost}, refused {sent.refused}"
            )
    for counts in (outcome.accepted, outcome.failed, outcome.relayed, outcome.waiting):
        wrong += [
            f"{token!r} for {to}, who was no recipient of it"
            for token, to in counts
            if token not in letters or to not in letters[token].outside
        ]
    return wrong


def _taken_by_reports(letter: Submitted, key: Key, outcome: Outcome) -> set[int]:
    """How often the letter was taken, where reports tell; what still waits has none yet."""
    if letter.is_refused(key[1]):
        return {outcome.failed[key] + outcome.waiting[key]}
    if letter.wants_success:
        return {outcome.relayed[key] + outcome.waiting[key]}
    return set()


def other_octets(letters: dict[str, Submitted], sink: Sink) -> list[str]:
    """Letters that the sink has otherwise than they were sent."""
    return [
        f"{taken.token} for {taken.recipients}: other octets"
        for taken in sink.taken
        if taken.token in letters and letters[taken.token].sent.text not in taken.octets
    ]


def reports_in(inbox: Iterable[tuple[str, list[bytes]]], outcome: Outcome) -> list[str]:
    """Counts the reports of an INBOX; gives what is not one."""
    strange = []
    for token, parts in inbox:
        for part in parts:
            found = re.findall(
                rb"(?m)^Final-Recipient: rfc822; ?(\S+)\r?\n(?:[^\r\n]+\r?\n)*?Action: (\w+)", part
            )
            kinds = {b"failed": outcome.failed, b"relayed": outcome.relayed}
            for recipient, action in found:
                if action in kinds:
                    kinds[action][token, recipient.decode()] += 1
                else:
                    strange.append(f"{token}: a report of {action!r}")
            if not found:
                strange.append(f"{token}: no report: {part[:200]!r}")
    return strange
