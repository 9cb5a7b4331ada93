"""CPU of the pure SMTP core for a session with one 3 kB letter, a packet a command. Budget: 24 us.

Run: `PYTHONPATH=src python bench/budget_smtp.py`
"""

import sys
import tracemalloc
from time import process_time

from posthouse.wire.smtp.questions import BodyComplete
from posthouse.wire.smtp.server import SmtpServer
from posthouse.wire.smtp.service import SmtpService

BUDGET_MICROSECONDS = 24.0
BODY = b"Subject: hello\r\n\r\n" + b"The quick brown fox jumps over the lazy dog and runs.\r\n" * 55
PACKETS = (
    b"EHLO client.example.org\r\n",
    b"MAIL FROM:<ann@example.org> SIZE=3000 BODY=8BITMIME\r\n",
    b"RCPT TO:<bob@example.net>\r\n",
    b"DATA\r\n",
    BODY + b".\r\n",
    b"QUIT\r\n",
)
SERVICE = SmtpService("mail.example.org", tls_offered=True)


def session(packets: tuple[bytes, ...]) -> int:
    """One letter from greeting to goodbye; the octets that were answered."""
    core = SmtpServer(SERVICE)
    written = 0
    for packet in (b"", *packets):
        if packet:
            core.receive(packet)
        while (question := core.next_question()) is not None:
            core.answer(None)
            if type(question) is BodyComplete:
                assert question.octets == len(BODY), "the letter is whole"
        written += len(core.take_output())
    assert core.closing, "the session came to its end"
    return written


def microseconds(packets: tuple[bytes, ...], rounds: int = 20_000) -> float:
    """The best of five."""
    best = float("inf")
    for _ in range(5):
        start = process_time()
        for _ in range(rounds):
            session(packets)
        best = min(best, (process_time() - start) / rounds * 1e6)
    return best


def idle_octets(sessions: int = 1000) -> float:
    """Memory of one session that said EHLO and waits."""
    tracemalloc.start()
    kept = []
    for _ in range(sessions):
        core = SmtpServer(SERVICE)
        core.next_question()
        core.answer(None)
        core.take_output()
        core.receive(PACKETS[0])
        core.next_question()
        core.take_output()
        kept.append(core)
    octets = tracemalloc.get_traced_memory()[0] / sessions
    tracemalloc.stop()
    return octets


if __name__ == "__main__":
    each = microseconds(PACKETS)
    pipelined = microseconds(
        (PACKETS[0], b"".join(PACKETS[1:4]), PACKETS[4] + PACKETS[5]),
    )
    print(f"letter of {len(BODY)} octets: {each:.1f} us, pipelined {pipelined:.1f} us")
    print(f"idle session: {idle_octets():.0f} octets")
    sys.exit(each > BUDGET_MICROSECONDS)
