"""When the scribe lets units gather before a commit."""

from collections.abc import Callable

from posthouse.store.sqlite.gather import (
    ALONE_COMMITS_MAX,
    HOLD_COMMITS,
    SAMPLE_COMMITS,
    WAIT_SECONDS,
    Gather,
)

COMMIT_SECONDS = 0.001


class Load:
    """Sessions that offer units; tells how large a batch is after so long."""

    def __init__(self, batch: Callable[[float], int]) -> None:
        self.batch = batch
        self.now = 1000.0
        self.gather = Gather(self.now)

    def run(self, commits: int) -> list[bool]:
        """Whether each commit waited."""
        history = []
        for _ in range(commits):
            history.append(self.gather.waits)
            took = COMMIT_SECONDS + (WAIT_SECONDS if self.gather.waits else 0.0)
            self.now += took
            self.gather.committed(self.batch(took), self.now)
        return history


def closed(sessions: int) -> Callable[[float], int]:
    """So many sessions, each of which waits for its answer before it offers the next unit."""
    return lambda _took: sessions


def stream(per_second: float) -> Callable[[float], int]:
    """Units that come whether or not others were answered."""
    return lambda took: max(1, round(per_second * took))


def test_a_single_session_never_waits() -> None:
    """Batches of one: there is nothing to gather."""
    assert not any(Load(closed(1)).run(2000))


def test_few_sessions_that_all_wait_are_not_made_slower() -> None:
    """A wait that only costs time is tried now and then, and not kept."""
    for batch in (closed(4), lambda took: 2 if took < WAIT_SECONDS else 4):
        assert sum(Load(batch).run(2000)) <= 2000 * SAMPLE_COMMITS / HOLD_COMMITS


def test_many_sessions_share_syncs() -> None:
    """Where more units come in the same time the wait stays, and is looked at again."""
    history = Load(stream(4000)).run(2000)

    assert sum(history) >= 1700
    assert not all(history[SAMPLE_COMMITS:])


def test_it_ends_when_the_load_does() -> None:
    """After the load a few commits wait in vain, and no more."""
    load = Load(stream(4000))
    load.run(500)
    assert load.gather.waits
    load.batch = closed(1)
    history = load.run(1000)

    assert sum(history) == ALONE_COMMITS_MAX
    assert not any(history[ALONE_COMMITS_MAX:])
