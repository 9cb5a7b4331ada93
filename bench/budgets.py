#!/usr/bin/env python3
"""What each hot path may cost, in microseconds, and what it costs now: `make budgets`.

    budgets.py [--strict]     --strict: exit 1 when one is over its budget

The budgets are about twice what a quiet two-core machine of 2026 needs, so that only a real change
is over. A path is timed alone, without sockets and disk: the best of several rounds.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from letters import letter
from posthouse.mail.render import render
from posthouse.wire.imap.limits import ImapLimits
from posthouse.wire.imap.offer import Offer
from posthouse.wire.imap.server import ImapServer
from posthouse.wire.smtp.server import SmtpServer
from posthouse.wire.smtp.service import SmtpService

ROUNDS = 7
RECEIVED = 1_795_000_000
LETTER = letter(7, 2000, Random(1))
MEGABYTE = letter(8, 1_000_000, Random(1))
SERVICE = SmtpService("mail.bench.test")
OFFER = Offer(plaintext_auth=True)
LIMITS = ImapLimits()


def smtp_letter(body: bytes) -> None:
    """One whole session with one letter, as smtp-source sends it, answers included."""
    core = SmtpServer(SERVICE)
    for said in (
        b"",
        b"EHLO bench\r\n",
        b"MAIL FROM:<bench@outside.test>\r\n",
        b"RCPT TO:<u0@bench.test>\r\n",
        b"DATA\r\n",
        body + b"\r\n.\r\n",
        b"QUIT\r\n",
    ):
        core.receive(said)
        while core.next_question() is not None:
            core.answer(None)
        core.take_output()
    assert core.closing


def imap_session() -> None:
    """A session with one command that the core answers alone."""
    core = ImapServer(OFFER, LIMITS)
    core.receive(b"a1 CAPABILITY\r\n")
    core.next_question()
    core.take_output()


@dataclass(frozen=True, slots=True)
class Path:
    """One hot path with its budget."""

    name: str
    budget_us: float
    work: Callable[[], object]
    times: int


PATHS = (
    Path("wire.smtp: a session with one letter of 2 KB", 45, lambda: smtp_letter(LETTER), 1000),
    Path("wire.smtp: the same with 1 MB", 6_500, lambda: smtp_letter(MEGABYTE), 10),
    Path("wire.imap: a session with one command", 10, imap_session, 1000),
    Path("mail.render: a letter of 2 KB", 120, lambda: render(LETTER, RECEIVED), 1000),
    Path("mail.render: a letter of 1 MB", 1_500, lambda: render(MEGABYTE, RECEIVED), 5),
)


def cost_us(path: Path) -> float:
    """The best round's mean."""
    best = float("inf")
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for _ in range(path.times):
            path.work()
        best = min(best, (time.perf_counter() - begun) / path.times)
    return best * 1e6


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--strict", action="store_true")
    wanted = parser.parse_args()
    is_over = False
    for path in PATHS:
        cost = cost_us(path)
        over = cost > path.budget_us
        is_over |= over
        sign = "  OVER" if over else ""
        print(f"{path.name:<48}{cost:>10,.1f} us of {path.budget_us:>8,.0f}{sign}", flush=True)
    return 1 if is_over and wanted.strict else 0


if __name__ == "__main__":
    sys.exit(main())
