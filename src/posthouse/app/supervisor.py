"""The process above the others: starts them, starts them again, reloads, drains, tells how it is.

Has no event loop and no thread, so that a fork of it is a clean beginning. Serves nobody itself but
the control socket. The order at the end: workers first, since they need the scribe; then it.
"""

import gc
import os
import selectors
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from posthouse.app.build import Plan
from posthouse.app.capabilities import DAC_READ_SEARCH, keep_only, raised
from posthouse.app.children import Child, Children, close_all_but
from posthouse.app.config import Config, LogSettings, TlsSettings, with_old
from posthouse.app.config_load import ConfigFailed
from posthouse.app.notify import Notifier
from posthouse.app.openings import Opening, Openings
from posthouse.app.status import (
    SAMPLE_SECONDS,
    ProcessStatus,
    Rates,
    Status,
    answer_all,
    as_json,
    sessions,
    sessions_of,
    store_octets,
    totals,
)
from posthouse.app.worker import Crew, run_worker
from posthouse.base.clock import Clock
from posthouse.base.log import Level, Log
from posthouse.base.metrics import ROWS_MAX, Metrics
from posthouse.base.version import VERSION
from posthouse.net.certificates import CertificateFailed, Certificates, open_certificates
from posthouse.net.limits import NetSettings
from posthouse.net.listen import ListenFailed
from posthouse.store.settings import StoreSettings

SCRIBE: Final = "scribe"
WORKER: Final = "worker"
SCRIBE_ROW: Final = 1
WORKER_ROW_FIRST: Final = 2
SCRIBE_SECONDS_MAX: Final = 60.0
"""How long the scribe may take to commit what waits and to copy its log back."""
GRACE_SECONDS: Final = 3.0
"""Beyond its own limit for draining, before a worker is killed."""
EARLY_DEATHS_MAX: Final = 5
"""So many in a row before we ever were ready: it will not work."""
EXIT_FAULT: Final = 70

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


@dataclass(slots=True)
class Outside:
    """What the supervisor was given by its start."""

    clock: Clock
    log: Log
    notifier: Notifier
    announce: Callable[[str], None]
    """Where the line goes that says we are ready."""
    reload: Callable[[], Config]
    scribe_listener: socket.socket
    control_listener: socket.socket
    held: Any = None
    """What holds the data directory, with a `fileno`: held until the last process is gone."""


class Supervisor:
    """Runs the house until it is told to stop."""

    def __init__(
        self,
        config: Config,
        plan: Plan,
        outside: Outside,
        openings: Openings,
        certificates: Certificates,
    ) -> None:
        self._config = config
        self._plan = plan
        self._outside = outside
        self._openings = openings
        self._certificates = certificates
        self._clock = outside.clock
        self._log = outside.log
        self._metrics = Metrics()
        self._row = self._metrics.row(0)
        self._rates = Rates(self._metrics, self._clock)
        self._children = Children(self._main, clock=self._clock, log=self._log)
        self._selector = selectors.DefaultSelector()
        self._started = self._clock.monotonic()
        self._ready_read, self._ready_write = os.pipe()
        self._life_read, self._life_write = os.pipe()  # closed by our death, seen by workers
        self._wake_read, self._wake_write = socket.socketpair()
        self._was_ready = False
        self._is_reloading = False
        self._stopping_since: float | None = None
        self._kill_at: float | None = None
        self._generation = 0
        self._closing: list[Opening] = []  # of an older config, still served by old workers
        self._exit_code = 0

    def run(self) -> int:
        """Until SIGTERM or SIGINT; gives the exit code."""
        self._listen_to_signals()
        self._watch(self._ready_read, self._someone_ready)
        self._watch(self._outside.control_listener, self._tell)
        # The children share these pages as long as nobody writes to them: the collector must not.
        gc.collect()
        gc.freeze()
        self._start(SCRIBE, 0)
        for number in range(self._config.workers):
            self._start(WORKER, number)
        sample_at = self._clock.monotonic() + SAMPLE_SECONDS
        while not self._is_over():
            wait = min(self._next_wait(), max(0.0, sample_at - self._clock.monotonic()))
            for key, _events in self._selector.select(wait):
                self._call(key.data)
            if self._clock.monotonic() >= sample_at:
                self._rates.sample()
                sample_at = self._clock.monotonic() + SAMPLE_SECONDS
            self._look_after_children()
            self._outside.notifier.alive()
        self._selector.close()
        self._openings.close([*self._openings.open, *self._closing])
        # The interpreter gives signals back their defaults as it ends; one that is ignored stays
        # so, and a second SIGTERM that comes now does not turn a good end into a kill.
        for signal_number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(signal_number, signal.SIG_IGN)
        return self._exit_code

    def _call(self, happened: Callable[[], None]) -> None:
        """A fault in one event must not end the house."""
        try:
            happened()
        except Exception as error:  # noqa: BLE001 - logged with its traceback
            self._log.fault("serve.fault", error)

    # ---- what a child does

    def _main(self, kind: str, number: int, row: int) -> int:
        if os.geteuid() != 0:
            keep_only(())
        self._selector.close()
        self._wake_read.close()
        self._wake_write.close()
        if kind == SCRIBE:
            self._close_all_but(self._outside.scribe_listener)
            self._say_ready()
            self._plan.run_scribe(
                self._config,
                self._outside.scribe_listener,
                self._clock,
                self._log,
                self._metrics.row(row),
            )
            return 0
        listeners = self._openings.sockets()
        self._close_all_but(
            *(listener for _service, listener in listeners),
            self._life_read,
            *self._certificates.descriptors(),
        )
        crew = Crew(
            config=self._config,
            clock=self._clock,
            log=self._log,
            metrics=self._metrics,
            certificates=self._certificates,
            listeners=listeners,
            doors=self._plan.doors,
            open_store=self._plan.open_store,
            number=number,
            generation=self._generation,
        )
        return run_worker(crew, row, self._say_ready, self._life_read)

    def _close_all_but(self, *needed: socket.socket | int) -> None:
        """Also what the one who started us left open. A listener that is not served here must go:
        else the kernel goes on to accept where nobody serves.
        """
        held = [] if self._outside.held is None else [self._outside.held]
        for unneeded in self._unneeded(needed):
            unneeded.detach()
        close_all_but({0, 1, 2, self._ready_write, *(_number(n) for n in (*needed, *held))})

    def _unneeded(self, needed: tuple[socket.socket | int, ...]) -> list[socket.socket]:
        outside = self._outside
        ours = [s for o in (*self._openings.open, *self._closing) for s in o.sockets]
        return [
            s for s in (*ours, outside.scribe_listener, outside.control_listener) if s not in needed
        ]

    def _say_ready(self) -> None:
        os.write(self._ready_write, b"%d\n" % os.getpid())

    # ---- events

    def _listen_to_signals(self) -> None:
        self._wake_write.setblocking(False)
        self._wake_read.setblocking(False)
        for number in _SIGNALS:
            signal.signal(number, _noted)
        signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        self._watch(self._wake_read, self._signalled)

    def _watch(self, what: socket.socket | int, call: Callable[[], None]) -> None:
        self._selector.register(what, selectors.EVENT_READ, call)

    def _signalled(self) -> None:
        numbers = set(self._wake_read.recv(256))
        if signal.SIGTERM in numbers or signal.SIGINT in numbers:
            self._stop()
        elif signal.SIGHUP in numbers:
            self._reload()

    def _someone_ready(self) -> None:
        for text in os.read(self._ready_read, 4096).split():
            child = self._children.living.get(int(text))
            if child is not None:
                child.is_ready = True
        if self._is_staffed():
            if not self._was_ready:
                self._was_ready = True
                self._announce()
            if self._is_reloading:
                self._finish_reload()

    def _tell(self) -> None:
        answer = b""
        try:
            answer = as_json(self.status())
        finally:
            # Also without an answer: who waits unheard would wake us again and again.
            answer_all(self._outside.control_listener, answer)

    def _announce(self) -> None:
        where = self._openings.addresses()
        line = "posthouse ready " + " ".join(f"{s}={','.join(a)}" for s, a in where.items())
        self._outside.announce(line)
        seconds = round(self._clock.monotonic() - self._started, 3)
        self._log.info("serve.ready", seconds=seconds, workers=self._config.workers)
        self._outside.notifier.ready(line)

    # ---- children

    def _start(self, kind: str, number: int) -> None:
        used = {child.row for child in self._children.living.values()}
        rows = (SCRIBE_ROW,) if kind == SCRIBE else range(WORKER_ROW_FIRST, ROWS_MAX)
        row = next(row for row in rows if row not in used)
        self._children.start(kind, number, row)

    def _look_after_children(self) -> None:
        for child in self._children.reap():
            self._metrics.row(child.row)  # its gauges are no longer true
            if child.kind == SCRIBE and child.is_retiring and self._stopping_since is None:
                self._start(SCRIBE, 0)  # with what is configured now
        for kind, number in self._children.due():
            if self._stopping_since is None:
                self._row.add("restarts_total")
                self._start(kind, number)
        if not self._was_ready and self._children.deaths_in_a_row() >= EARLY_DEATHS_MAX:
            if self._stopping_since is None:
                self._log.error("serve.hopeless", why="a process dies again and again at start")
                self._exit_code = EXIT_FAULT
            self._stop()
        self._go_on_stopping()

    def _is_staffed(self) -> bool:
        """Everybody who shall serve does."""
        serving = [c for c in self._children.living.values() if c.is_ready and not c.is_retiring]
        workers = {c.number for c in serving if c.kind == WORKER}
        return len(workers) == self._config.workers and any(c.kind == SCRIBE for c in serving)

    def _next_wait(self) -> float:
        waits = [SAMPLE_SECONDS]
        dues = (self._children.next_due(), self._outside.notifier.wait_seconds())
        waits += [due for due in dues if due is not None]
        if self._kill_at is not None:
            waits.append(max(0.0, self._kill_at - self._clock.monotonic()))
        return min(waits)

    def _retire(self, child: Child) -> None:
        child.is_retiring = True
        self._children.signal(child, signal.SIGTERM)

    # ---- the end

    def _stop(self) -> None:
        """Workers first: what is in flight there still needs the scribe."""
        now = self._clock.monotonic()
        if self._stopping_since is not None:
            if now - self._stopping_since > 1.0:
                self._kill_at = now  # asked twice: at once
            return
        self._stopping_since = now
        self._log.info("serve.stopping")
        self._outside.notifier.stopping()
        self._children.forget_missing()
        for child in self._children.of(WORKER):
            self._retire(child)
        self._kill_at = now + self._config[NetSettings].drain_seconds_max + GRACE_SECONDS

    def _go_on_stopping(self) -> None:
        if self._stopping_since is None:
            return
        now = self._clock.monotonic()
        late = self._kill_at is not None and now >= self._kill_at
        workers = list(self._children.of(WORKER))
        scribes = list(self._children.of(SCRIBE))
        if workers:
            if late:
                self._kill(workers)
            return
        for scribe in scribes:
            if not scribe.is_retiring:
                self._retire(scribe)
                self._kill_at = now + SCRIBE_SECONDS_MAX
            elif late:
                self._kill(scribes)

    def _kill(self, children: list[Child]) -> None:
        for child in children:
            self._log.warning("serve.killed", kind=child.kind, child=child.pid)
            self._children.signal(child, signal.SIGKILL)
        self._kill_at = self._clock.monotonic() + GRACE_SECONDS

    def _is_over(self) -> bool:
        if self._stopping_since is None or self._children.living:
            return False
        self._log.info("serve.stopped")
        return True

    # ---- reload

    def _reload(self) -> None:
        """The new config and the certificates' files as they are now; a bad one changes nothing."""
        if self._stopping_since is not None:
            return
        self._outside.notifier.reloading()
        try:
            with raised(DAC_READ_SEARCH):
                config = self._outside.reload()
            self._adopt(config)
        except ConfigFailed as failed:
            for problem in failed.problems:
                self._log.error("config.refused", problem=problem.text)
        except (ListenFailed, CertificateFailed) as failed:
            hint = {"hint": failed.hint} if failed.hint else {}
            self._log.error("config.refused", problem=failed, **hint)
        if not self._is_reloading:
            self._outside.notifier.ready("reloaded")

    def _adopt(self, config: Config) -> None:
        old = self._config
        config, kept = with_old(config, old)
        if kept:
            self._log.warning("config.needs_restart", keys=" ".join(kept))
        certificates = self._certificates
        if config[TlsSettings] != old[TlsSettings]:
            certificates = open_house_certificates(config, self._clock)
        else:
            with raised(DAC_READ_SEARCH):
                certificates.reload()
        if config.parts == old.parts:
            for child in self._children.of(WORKER):
                if child.is_ready:  # before, it has no handler, and its files are new anyhow
                    self._children.signal(child, signal.SIGHUP)
            self._log.info("config.reloaded", changed=False)
            return
        self._closing += self._openings.adopt(config)
        if certificates is not self._certificates:
            self._certificates.close()
        self._config, self._certificates = config, certificates
        self._log.level = Level[config[LogSettings].level.upper()]
        # New workers serve before the old ones stop; their sessions end when nothing is owed.
        self._is_reloading = True
        self._generation += 1
        self._children.forget_missing()
        if config[StoreSettings] != old[StoreSettings]:
            for scribe in self._children.of(SCRIBE):
                self._retire(scribe)  # units of work wait for the next one
        for child in self._children.of(WORKER):
            child.is_retiring = True
        for number in range(config.workers):
            self._start(WORKER, number)

    def _finish_reload(self) -> None:
        self._is_reloading = False
        for child in self._children.of(WORKER):
            if child.is_retiring:
                self._children.signal(child, signal.SIGTERM)
        # With the old workers' own copies gone, who comes there is refused at once.
        self._openings.close(self._closing)
        self._closing = []
        self._log.info("config.reloaded", changed=True)
        self._outside.notifier.ready("reloaded")

    # ---- status

    def status(self) -> Status:
        """How the house is now."""
        now = self._clock.monotonic()
        living = sorted(self._children.living.values(), key=lambda c: (c.kind, c.number))
        workers = [c.pid for c in living if c.kind == WORKER]
        return Status(
            version=VERSION,
            hostname=self._config.hostname,
            data=str(self._config.data),
            config=str(self._config.file or ""),
            supervisor=os.getpid(),
            scribe=next((c.pid for c in living if c.kind == SCRIBE), 0),
            workers=workers,
            processes=[
                ProcessStatus(
                    kind=child.kind,
                    number=child.number,
                    pid=child.pid,
                    is_ready=child.is_ready,
                    uptime_seconds=round(now - child.started, 1),
                    sessions=sessions_of(self._metrics, child.row),
                )
                for child in living
            ],
            listeners=self._openings.addresses(),
            sessions=sessions(self._metrics),
            rates=self._rates.rates(),
            totals=totals(self._metrics),
            store=store_octets(self._config.data),
            uptime_seconds=round(now - self._started, 1),
        )


def open_house_certificates(config: Config, clock: Clock) -> Certificates:
    """What [tls] of this config says."""
    tls = config[TlsSettings]
    with raised(DAC_READ_SEARCH):
        certificates = open_certificates(
            certificate=tls.certificate,
            key=tls.key,
            data=config.data,
            hostname=config.hostname,
            clock=clock,
        )
        if not certificates.is_readable:
            certificates.carry()
    return certificates


def _number(what: Any) -> int:
    found: int = what if isinstance(what, int) else what.fileno()
    return found


def _noted(_number: int, _frame: object) -> None:
    """The wake-up descriptor tells the loop; a handler must exist for it to be written."""
