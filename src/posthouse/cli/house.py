"""How a command reaches the house: the configuration, and the store through the running scribe or
by itself."""

import argparse
import os
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from posthouse.app.config import Config, Root
from posthouse.app.config_load import ConfigFailed, load_config
from posthouse.app.privileges import (
    Person,
    PrivilegeFailed,
    acting_as,
    expect_readable_program,
    find_person,
)
from posthouse.authenticate.settings import AuthSettings
from posthouse.base.clock import SystemClock
from posthouse.base.log import Level, Log, to_stderr
from posthouse.cli import exits
from posthouse.directory.manage import Manage, NotDone
from posthouse.store.contract import Store, StoreFailure
from posthouse.store.settings import StoreSettings
from posthouse.store.sqlite.direct import open_direct, run_now
from posthouse.store.sqlite.migrate import SchemaTooNew
from posthouse.store.values import Why

T = TypeVar("T")


@dataclass(slots=True)
class House:
    """What a command works with."""

    config: Config
    store: Store
    manage: Manage
    person: Person | None = None
    """Whose the data directory is, where we are root: what we write there is his."""

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Runs a question to the store to its end; turns what was not done into words and a
        code."""
        try:
            with acting_as(self.person):
                return run_now(coroutine)
        except NotDone as why:
            code = exits.TEMPORARY if why.temporary else exits.DATA
            raise exits.Stop(code, why.sentence, why.hint) from why
        except StoreFailure as failure:
            raise _stop(failure) from failure


def read_config(arguments: argparse.Namespace) -> Config:
    """The configuration a command shall use. Raises Stop with every fault in it."""
    try:
        return load_config(arguments.config or None)
    except ConfigFailed as failed:
        raise exits.Stop(exits.CONFIG, str(failed), "posthouse config --explain") from failed


@contextmanager
def open_house(arguments: argparse.Namespace) -> Iterator[House]:
    """The house of the configuration, closed at the end."""
    config = read_config(arguments)
    clock = SystemClock()
    data = config.data
    if not data.is_dir():
        raise exits.Stop(
            exits.UNAVAILABLE,
            f"there is no data directory {data}",
            "posthouse quickstart you@your.domain makes one",
        )
    person = owner_of(config)
    try:
        log = Log(clock, to_stderr, Level.WARNING)
        with acting_as(person):
            store = open_direct(data, clock, log, config[StoreSettings])
    except StoreFailure as failure:
        raise _stop(failure) from failure
    except SchemaTooNew as error:
        raise exits.Stop(
            exits.CONFIG, str(error), "nothing was changed; docs/howto/check-a-store.md"
        ) from error
    except PermissionError as error:
        raise exits.Stop(
            exits.PERMISSION,
            f"not allowed to open {data}: {error}",
            f"run this as root or as the user of {data}, which must be below folders he may enter",
        ) from error
    try:
        yield House(config, store, Manage(store, scram=config[AuthSettings].scram), person)
    finally:
        with acting_as(person):
            store.close()


def owner_of(config: Config) -> Person | None:
    """The `user` of the configuration, where we are root and he exists already."""
    if os.geteuid() != 0:
        return None
    try:
        person = find_person(config[Root].user)
    except PrivilegeFailed:
        return None  # nothing is his yet; `serve` will say it
    try:
        with acting_as(person):
            if person is not None:
                expect_readable_program(person)
            return person
    except PrivilegeFailed as failed:
        raise exits.Stop(exits.PERMISSION, str(failed), failed.hint) from failed


def _stop(failure: StoreFailure) -> exits.Stop:
    """The store's own trouble, for the person at the terminal."""
    if failure.why in (Why.FULL, Why.AWAY):
        return exits.Stop(exits.TEMPORARY, failure.text, "nothing was changed; try again later")
    return exits.Stop(exits.DATA, failure.text, "posthouse verify looks at the whole store")
