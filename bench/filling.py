"""Fills a queue before the server starts, by the store's own values."""

import hashlib
import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Final

from posthouse.base.clock import SystemClock
from posthouse.base.ids import Ids
from posthouse.base.log import Level, Log
from posthouse.store.sqlite.direct import open_direct, run_now
from posthouse.store.values import NewBody
from posthouse.store.values_queue import FAR, Enqueue, QueueEnvelope, QueueTo

LETTERS_A_UNIT: Final = 500
LINE: Final = b"X" * 78 + b"\r\n"
LETTER: Final = (
    b"Received: from outside.test by mail.bench.test; Mon, 23 Nov 2026 10:00:00 +0000\r\n"
    b"From: <u0@bench.test>\r\nSubject: bench\r\n\r\n" + LINE * 24
)


def fill_queue(data: Path, domains: Iterable[str], *, one_body: bool = False) -> None:
    """A letter of 2 KB for each domain, due now, in this order. With one body for all the file
    stays small; rows are the same."""
    clock = SystemClock()
    ids = Ids(clock)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = open_direct(data, clock, Log(clock, lambda _: None, Level.ERROR))
    now = int(time.time())
    digest = hashlib.sha256(LETTER).digest()
    shared = NewBody(ids.letter(), digest, len(LETTER), LETTER) if one_body else None
    numbered = iter(domains)
    is_first = True
    while part := list(islice(numbered, LETTERS_A_UNIT)):
        values = []
        for domain in part:
            letter = ids.letter()
            body = shared or NewBody(letter, digest, len(LETTER), LETTER)
            values.append(
                Enqueue(
                    letter=letter,
                    owner=0,
                    body=body.id,
                    size=len(LETTER),
                    new_body=body if is_first or not one_body else None,
                    sender="u0@bench.test",
                    message_id=f"{letter.hex()}@bench.test",
                    envelope=QueueEnvelope(),
                    accepted=now,
                    attend=FAR,
                    recipients=(QueueTo(address=f"x@{domain}", destination=domain, due=now),),
                )
            )
            is_first = False
        run_now(store.commit(*values))
    store.close()
