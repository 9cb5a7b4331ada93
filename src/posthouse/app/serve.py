"""`posthouse serve`: takes the data directory, opens the listeners, gives up root, runs the house.

Every way to fail before the first process has its sentence on stderr and its exit code of
sysexits.h: 78 the config, 75 the data directory is taken, 69 an address is, 77 not permitted.
"""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from posthouse.app.build import WEB, DataInUse, Plan, StoreNotUsable
from posthouse.app.config import Config, LogSettings, Root, TlsSettings
from posthouse.app.config_load import EXIT_CONFIG, load_config
from posthouse.app.notify import Notifier
from posthouse.app.openings import Openings
from posthouse.app.plan import serve_plan
from posthouse.app.privileges import (
    UMASK,
    PrivilegeFailed,
    become,
    expect_reachable,
    find_person,
    keep_needed,
    make_private,
)
from posthouse.app.status import CONTROL_NAME
from posthouse.app.supervisor import Outside, Supervisor, open_house_certificates
from posthouse.base.clock import SystemClock
from posthouse.base.log import Level, Log, is_journal, to_stderr
from posthouse.net.certificates import CertificateFailed
from posthouse.net.listen import Address, ListenFailed, activated, close_listeners, open_listeners

EXIT_UNAVAILABLE: Final = 69
EXIT_TEMPORARY: Final = 75
EXIT_PERMISSION: Final = 77
SCRIBE_NAME: Final = "scribe.sock"
SCRIBE_BACKLOG: Final = 256


def serve(
    config: Config,
    plan: Plan | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    announce: Callable[[str], None] | None = None,
) -> int:
    """Runs the servers in the foreground until SIGTERM or SIGINT; gives the exit code."""
    environ = os.environ if environ is None else environ
    file = str(config.file) if config.file else None
    try:
        return _serve(
            config,
            plan or serve_plan(),
            environ,
            announce or _to_stdout,
            lambda: load_config(file, environ),
        )
    except StoreNotUsable as failed:
        return _refused(str(failed), EXIT_CONFIG)
    except CertificateFailed as failed:
        return _refused(str(failed), EXIT_CONFIG, failed.hint)
    except DataInUse as failed:
        return _refused(str(failed), EXIT_TEMPORARY)
    except ListenFailed as failed:
        code = EXIT_PERMISSION if failed.is_forbidden else EXIT_UNAVAILABLE
        return _refused(str(failed), code, failed.hint)
    except PrivilegeFailed as failed:
        return _refused(str(failed), EXIT_PERMISSION, failed.hint)


def _serve(
    config: Config,
    plan: Plan,
    environ: Mapping[str, str],
    announce: Callable[[str], None],
    reload: Callable[[], Config],
) -> int:
    clock = SystemClock()
    level = Level[config[LogSettings].level.upper()]
    log = Log(clock, to_stderr, level, to_journal=is_journal(environ.get("JOURNAL_STREAM", "")))
    data = config.data
    os.umask(UMASK)
    person = find_person(config[Root].user)
    make_private(data, person)
    become(person)
    expect_reachable(data, person)
    if os.geteuid() == 0:
        log.warning("serve.root", why="running as root; name a user in the config")
    held = plan.hold(data)
    openings = Openings({*plan.doors, WEB}, activated(environ, os.getpid()), log)
    openings.adopt(config)
    openings.tell_unused()
    certificates = open_house_certificates(config, clock)
    keep_needed(_files_of(config))
    (scribe_listener,) = open_listeners(
        "scribe", Address(path=SCRIBE_NAME), data=data, backlog=SCRIBE_BACKLOG
    )
    (control_listener,) = open_listeners(
        "control", Address(path=CONTROL_NAME), data=data, backlog=16
    )
    plan.prepare(config, clock, log)
    outside = Outside(
        clock=clock,
        log=log,
        notifier=Notifier(environ, clock),
        announce=announce,
        reload=reload,
        scribe_listener=scribe_listener,
        control_listener=control_listener,
        held=held,
    )
    try:
        return Supervisor(config, plan, outside, openings, certificates).run()
    finally:
        close_listeners([scribe_listener, control_listener])
        del held  # the data directory is free again


def _files_of(config: Config) -> list[Path]:
    """What a reload reads again."""
    tls = config[TlsSettings]
    named = [Path(text) for text in (tls.certificate, tls.key) if text not in ("", "auto")]
    return [*named, *([config.file] if config.file else [])]


def _to_stdout(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _refused(sentence: str, code: int, hint: str = "") -> int:
    for line in sentence.splitlines():
        sys.stderr.write(f"posthouse: {line}\n")
    if hint:
        sys.stderr.write(f"hint: {hint}\n")
    return code
