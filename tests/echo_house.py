"""A house for tests of the processes: a core that echoes lines. Run: echo_house.py CONFIG."""

import asyncio
import fcntl
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from posthouse.app.build import DataInUse, House, Plan
from posthouse.app.config_load import load_config
from posthouse.app.serve import serve
from posthouse.net.connection import Connection


class EchoCore:
    """Answers each line with itself; "sleep N" waits in the visit, "tls" is STARTTLS, "deflate"
    COMPRESS."""

    idle_seconds = 60.0

    def __init__(self, greeting: bytes = b"hello\r\n") -> None:
        self.buffer = bytearray()
        self.output: list[bytes] = [greeting]
        self.closing = False
        self.starting_tls = False
        self.starting_compression = False
        self.wants_input = True
        self.is_asked = False
        self.bye = False

    def receive(self, data: bytes) -> None:
        self.buffer += data
        self.wants_input = len(self.buffer) < 65_536

    def next_question(self) -> object | None:
        end = self.buffer.find(b"\n")
        if self.is_asked or self.closing or end < 0:
            return None
        line = bytes(self.buffer[:end]).strip()
        del self.buffer[: end + 1]
        self.wants_input = True
        if line == b"tls":
            self.buffer.clear()
            self.output.append(b"go\r\n")
            self.starting_tls = True
            return None
        if line == b"deflate":
            self.buffer.clear()
            self.output.append(b"go\r\n")
            self.starting_compression = True
            return None
        if line == b"quit":
            self.output.append(b"bye\r\n")
            self.closing = True
            return None
        self.is_asked = True
        return line

    def answer(self, answer: Any) -> None:
        self.is_asked = False
        self.output.append(answer if isinstance(answer, bytes) else b"no: %r\r\n" % answer)

    def take_output(self) -> bytes:
        output = b"".join(self.output)
        self.output.clear()
        return output

    def tls_stands(self) -> None:
        self.starting_tls = False

    def compression_stands(self) -> None:
        self.starting_compression = False

    def timed_out(self) -> None:
        self.output.append(b"too slow\r\n")
        self.closing = True

    def shut_down(self) -> None:
        self.output.append(b"closing\r\n")
        self.closing = True


class EchoVisit:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def answer(self, question: bytes) -> bytes:
        if question.startswith(b"sleep "):
            loop = asyncio.get_running_loop()
            woken = loop.create_future()
            loop.call_later(float(question[6:]), woken.set_result, None)
            await woken
        if question == b"pid":
            return b"%d\r\n" % os.getpid()
        if question == b"die":
            os.kill(os.getpid(), signal.SIGKILL)
        if question == b"tls?":
            tls = self.connection.facts.tls
            return (tls.version if tls else "plain").encode() + b"\r\n"
        return question + b"\r\n"

    def ended(self) -> None: ...


class EchoDoor:
    def __init__(self, house: House) -> None:
        self.name = "smtp"
        self.greeting = b"hello %s\r\n" % house.config.hostname.encode()

    def open(self, connection: Connection) -> tuple[EchoCore, EchoVisit]:
        return EchoCore(self.greeting), EchoVisit(connection)


class NoStore:
    def close(self) -> None: ...


def hold(data: Path) -> object:
    file = (data / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DataInUse(f"the data directory {data} is in use by another server") from None
    return file


def scribe(_config: object, _listener: socket.socket, _clock: object, log: Any, _row: Any) -> None:
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
    while not stopped:
        time.sleep(0.02)
    log.info("scribe.last")


def open_store(*_: object) -> Any:
    async def bring_up() -> None: ...

    return NoStore(), bring_up


PLAN = Plan(
    doors={"smtp": EchoDoor, "imap": EchoDoor},
    hold=hold,
    prepare=lambda *_: None,
    run_scribe=scribe,
    open_store=open_store,
)

if __name__ == "__main__":
    raise SystemExit(serve(load_config(sys.argv[1]), PLAN))
