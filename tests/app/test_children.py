"""Forks, deaths and pauses. The processes here are real and do nothing."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from app_house import wait_for
from posthouse.app.children import PAUSE_SECONDS_MAX, Child, Children, close_all_but
from posthouse.base.clock import SetClock
from posthouse.base.log import Log


class House:
    def __init__(self, main: Callable[[str, int, int], int]) -> None:
        self.clock = SetClock()
        self.lines: list[bytes] = []
        self.children = Children(main, clock=self.clock, log=Log(self.clock, self.lines.append))

    def reaped(self) -> Child:
        ended: list[Child] = []
        wait_for(lambda: ended.extend(self.children.reap()) or ended)
        return ended[0]


def exit_with(code: int) -> Callable[[str, int, int], int]:
    return lambda _kind, _number, _row: code


def test_the_first_death_is_mended_at_once_then_pauses_grow() -> None:
    """0, 0.2, 0.4 ... up to a limit; who lived long begins anew."""
    house = House(exit_with(3))
    pauses = []
    for _ in range(10):
        house.children.start("worker", 0, 2)
        house.reaped()
        pauses.append(house.children.next_due())
        house.clock.advance(60)
        assert house.children.due() == [("worker", 0)]
    assert [round(p or 0, 1) for p in pauses[:4]] == [0.0, 0.2, 0.4, 0.8]
    assert pauses[-1] == PAUSE_SECONDS_MAX
    assert house.children.deaths_in_a_row() == 10
    assert any(b'how="exit 3"' in line for line in house.lines)
    house.children.start("worker", 0, 2)
    house.clock.advance(3600)
    house.reaped()
    assert house.children.deaths_in_a_row() == 0


def test_what_a_child_raises_is_logged_and_ends_it() -> None:
    """Nothing of a child ever runs on in the supervisor's code."""

    def main(_kind: str, _number: int, _row: int) -> int:
        raise RuntimeError("broken")

    house = House(main)
    house.children.start("worker", 1, 2)
    assert house.reaped().number == 1
    assert any(b'how="exit 70"' in line for line in house.lines)


def test_who_retires_is_not_missed() -> None:
    """A child told to end leaves no place to fill; a signal to a reaped one goes nowhere."""

    def main(_kind: str, _number: int, _row: int) -> int:
        time.sleep(60)
        return 0

    house = House(main)
    child = house.children.start("worker", 0, 2)
    assert child is not None
    assert list(house.children.of("worker")) == [child]
    assert os.getpgid(child.pid) in (child.pid, os.getpgid(0))
    child.is_retiring = True
    house.children.signal(child, signal.SIGKILL)
    house.reaped()
    assert house.children.next_due() is None
    house.children.signal(child, signal.SIGKILL)
    house.children.forget_missing()


def test_a_machine_without_room_for_a_process() -> None:
    """The place is tried again later; the supervisor itself goes on."""
    clock = SetClock()
    lines: list[bytes] = []

    def fork() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    children = Children(exit_with(0), clock=clock, log=Log(clock, lines.append), fork=fork)
    assert children.start("worker", 3, 2) is None
    assert children.due() == []
    clock.advance(PAUSE_SECONDS_MAX)
    assert children.due() == [("worker", 3)]
    assert b"serve.no_fork" in lines[0]


def test_a_child_keeps_only_what_it_needs_open(tmp_path: Path) -> None:
    """Whatever the one who started us left open goes."""
    needed = (tmp_path / "needed").open("wb", buffering=0)
    others = [(tmp_path / str(number)).open("w") for number in range(5)]

    def main(_kind: str, _number: int, _row: int) -> int:
        close_all_but({0, 1, 2, needed.fileno()})
        needed.write(b"open")
        for number in (0, 1, 2, needed.fileno()):
            os.fstat(number)
        return sum(is_open(file.fileno()) for file in others)

    def is_open(number: int) -> bool:
        try:
            os.fstat(number)
        except OSError:
            return False
        return True

    house = House(main)
    house.children.start("worker", 0, 2)
    house.reaped()
    assert any(b'how="exit 0"' in line for line in house.lines)
    assert (tmp_path / "needed").read_bytes() == b"open"
    for file in (needed, *others):
        file.close()
