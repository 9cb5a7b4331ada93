"""CPU of the pure IMAP core for common commands, the tagged answer included. Budget: 10 us each.

Run: `PYTHONPATH=src python bench/budget_imap.py`
"""

import sys
import tracemalloc
from time import process_time

from posthouse.wire.imap.answers import Ok
from posthouse.wire.imap.limits import ImapLimits
from posthouse.wire.imap.offer import Offer
from posthouse.wire.imap.server import ImapServer

BUDGET_MICROSECONDS = 10.0
BUDGET_IDLE_OCTETS = 2048
COMMANDS = (
    b"a1 NOOP\r\n",
    b"a2 FETCH 17 (UID FLAGS ENVELOPE)\r\n",
    b"a3 UID FETCH 1:* (FLAGS)\r\n",
    b"a4 UID FETCH 5 BODY.PEEK[HEADER]\r\n",
    b"a5 UID STORE 17 +FLAGS.SILENT (\\Seen)\r\n",
    b"a6 UID SEARCH UNSEEN SINCE 1-Feb-2026\r\n",
    b'a7 LIST "" *\r\n',
    b"a8 UID COPY 17 Archive\r\n",
)
OFFER = Offer(plaintext_auth=True)
LIMITS = ImapLimits()
DONE = Ok("Done")


def microseconds(core: ImapServer, command: bytes, rounds: int = 20_000) -> float:
    """The best of five, from octets to octets."""
    best = float("inf")
    for _ in range(5):
        start = process_time()
        for _ in range(rounds):
            core.receive(command)
            assert core.next_question() is not None, "the command is right"
            core.answer(DONE)
            core.take_output()
            core.next_question()
        best = min(best, (process_time() - start) / rounds * 1e6)
    return best


def idle_octets(sessions: int = 1000) -> float:
    """Memory of one session that logged in and idles."""
    tracemalloc.start()
    kept = []
    for _ in range(sessions):
        core = ImapServer(OFFER, LIMITS)
        core.set_state(authenticated=True)
        core.receive(b"a SELECT INBOX\r\n")
        core.next_question()
        core.answer(DONE)
        core.receive(b"b IDLE\r\n")
        core.next_question()
        core.answer(None)
        core.take_output()
        kept.append(core)
    octets = tracemalloc.get_traced_memory()[0] / sessions
    tracemalloc.stop()
    return octets


if __name__ == "__main__":
    selected = ImapServer(OFFER, LIMITS)
    selected.set_state(authenticated=True)
    selected.set_state(selected=True)
    worst = 0.0
    for command in COMMANDS:
        spent = microseconds(selected, command)
        worst = max(worst, spent)
        print(f"{spent:5.1f} us  {command.decode().strip()}")
    idle = idle_octets()
    print(f"idle session: {idle:.0f} octets")
    sys.exit(worst > BUDGET_MICROSECONDS or idle > BUDGET_IDLE_OCTETS)
