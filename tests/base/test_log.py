"""Log lines cannot be forged and never raise."""

import os
from pathlib import Path

import pytest

from posthouse.base.clock import SetClock
from posthouse.base.log import Level, Log, is_journal


def lines_of(level: Level = Level.DEBUG) -> tuple[Log, list[str]]:
    lines: list[str] = []
    return Log(SetClock(), lambda line: lines.append(line.decode()), level), lines


def test_an_event_is_one_line() -> None:
    """Time, level, event, pid, then the keys in order."""
    log, lines = lines_of()
    log.info("smtp.accepted", id="01X", octets=5)

    assert lines[0].startswith("2026-11-18T")
    assert " info smtp.accepted pid=" in lines[0]
    assert lines[0].endswith(" id=01X octets=5\n")


@pytest.mark.parametrize(
    "value", ["a\r\nb error forged", 'say "hi"', "a b", "", "\x1b[31m", "邮件"]
)
def test_values_from_outside_stay_one_value(value: str) -> None:
    """Line ends, quotes and escapes of a peer are escaped."""
    log, lines = lines_of()
    log.info("event", value=value)

    assert len(lines) == 1
    assert lines[0].count("\n") == 1
    assert "\x1b" not in lines[0]
    assert 'value="' in lines[0]


def test_long_values_are_cut() -> None:
    """A value of a megabyte does not become a line of a megabyte."""
    log, lines = lines_of()
    log.warning("event", value="x " * 500_000)

    assert len(lines[0]) < 700


def test_levels_below_the_threshold_are_silent() -> None:
    """Errors always speak."""
    log, lines = lines_of(Level.ERROR)
    log.debug("a")
    log.info("b")
    log.warning("c")
    log.error("d")

    assert [line.split()[2] for line in lines] == ["d"]


def test_a_fault_brings_its_traceback_on_one_line() -> None:
    """The whole reason is inside, on the same line."""
    log, lines = lines_of()
    log.fault("fault", RuntimeError("broken\nthing"), id="x")

    assert len(lines) == 1
    assert "RuntimeError" in lines[0]


def test_a_full_log_does_not_stop_mail() -> None:
    """A write that fails is passed over."""

    def full(_line: bytes) -> None:
        raise OSError(28, "no space")

    Log(SetClock(), full).info("event")


def test_priorities_for_the_journal() -> None:
    """Each level by its number before the line. sd-daemon(3)"""
    lines: list[bytes] = []
    log = Log(SetClock(), lines.append, Level.DEBUG, to_journal=True)
    for say in (log.debug, log.info, log.warning, log.error):
        say("event")
    log.fault("fault", ValueError("x"))
    assert [line[:4] for line in lines] == [b"<7>2", b"<6>2", b"<4>2", b"<3>2", b"<3>2"]


def test_is_it_the_journal(tmp_path: Path) -> None:
    """Only where stderr is the very stream that systemd named."""
    kept = os.dup(2)
    try:
        with (tmp_path / "stream").open("wb") as stream:
            os.dup2(stream.fileno(), 2)
        about = os.fstat(2)
        assert is_journal(f"{about.st_dev}:{about.st_ino}")
        assert not is_journal(f"{about.st_dev}:{about.st_ino + 1}")
        assert not is_journal("")
        os.close(2)
        assert not is_journal(f"{about.st_dev}:{about.st_ino}")
    finally:
        os.dup2(kept, 2)
        os.close(kept)
