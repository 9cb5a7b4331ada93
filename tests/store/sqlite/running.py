"""Scribes for tests: in a thread of this process (quick), or as a process that can be killed."""

import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from posthouse.base.clock import Clock, SystemClock
from posthouse.base.log import Level, Log
from posthouse.store.settings import StoreSettings
from posthouse.store.sqlite.channel import SOCKET_NAME
from posthouse.store.sqlite.scribe import Scribe, run_scribe

SETTINGS = StoreSettings(disk_reserve_octets=0)


def quiet(clock: Clock) -> Log:
    """A log that nobody reads."""
    return Log(clock, lambda line: None, Level.DEBUG)


def listen(data: Path) -> socket.socket:
    """The supervisor's part: the socket that survives the scribe."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    path = data / SOCKET_NAME
    path.unlink(missing_ok=True)
    listener.bind(str(path))
    listener.listen(128)
    return listener


@contextmanager
def scribe_thread(
    data: Path, clock: Clock, settings: StoreSettings = SETTINGS, log: Log | None = None
) -> Iterator[Scribe]:
    """A scribe that shares this process's clock."""
    with listen(data) as listener:
        made: list[Scribe] = []
        ready = threading.Event()

        def work() -> None:
            scribe = Scribe(
                data=data,
                listener=listener,
                clock=clock,
                log=log or quiet(clock),
                metrics=None,
                settings=settings,
            )
            made.append(scribe)
            ready.set()
            scribe.run()

        thread = threading.Thread(target=work, name="scribe")
        thread.start()
        assert ready.wait(10), "the scribe did not start"
        try:
            yield made[0]
        finally:
            made[0].stop()
            thread.join(20)
            assert not thread.is_alive()


class ScribeProcess:
    """A scribe as the supervisor runs it, to be killed and started again."""

    def __init__(self, data: Path, settings: StoreSettings = SETTINGS) -> None:
        self.data = data
        self.settings = settings
        self.listener = listen(data)
        self.process: multiprocessing.process.BaseProcess | None = None

    def start(self) -> None:
        """Forks a scribe."""
        context = multiprocessing.get_context("fork")
        self.process = context.Process(target=_run, args=(self,), daemon=True)
        self.process.start()

    def kill(self) -> None:
        """As the kernel's OOM killer does it."""
        assert self.process is not None
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.join()

    def terminate(self) -> int | None:
        """As the supervisor does it; gives the exit code."""
        assert self.process is not None
        self.process.terminate()
        self.process.join(30)
        return self.process.exitcode

    def close(self) -> None:
        if self.process is not None and self.process.is_alive():
            self.kill()
        self.listener.close()


def _run(self: ScribeProcess) -> None:
    clock = SystemClock()
    run_scribe(
        data=self.data,
        listener=self.listener,
        clock=clock,
        log=Log(clock, lambda line: os.write(2, line), Level.WARNING),
        metrics=None,
        settings=self.settings,
    )
