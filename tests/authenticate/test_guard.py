"""The guard slows guessers and forgets."""

from posthouse.authenticate.guard import ENTRIES_MAX, Guard, peer_key
from posthouse.authenticate.settings import AuthSettings
from posthouse.base.clock import SetClock


def test_answers_wait_longer_with_each_failure_up_to_a_limit() -> None:
    """Three are free, then 1, 2, 4 ... seconds, at most 15."""
    guard = Guard(AuthSettings(), SetClock())

    assert [guard.failed("1.2.3.4") for _ in range(9)] == [0, 0, 0, 1, 2, 4, 8, 15, 15]


def test_peers_and_accounts_are_counted_apart() -> None:
    """A guesser who changes the address is slowed by the account, and the other way round."""
    guard = Guard(AuthSettings(), SetClock())
    for n in range(5):
        guard.failed(f"10.0.0.{n}", "ann")

    assert guard.failed("10.0.0.99", "ann") == 4
    assert guard.failed("10.0.0.99", "bob") == 0


def test_a_success_forgives_what_was_failed_for_it() -> None:
    """And nothing that was failed for others, neither the peer nor the account."""
    guard = Guard(AuthSettings(), SetClock())
    for _ in range(6):
        guard.failed("1.2.3.4", "ann")
    guard.failed("1.2.3.4", "bob")
    guard.succeeded("1.2.3.4", "ann")
    assert guard.failed("1.2.3.4", "eve") == 0
    assert guard.failed("1.2.3.4", "eve") == 0
    assert guard.failed("1.2.3.4", "eve") == 1
    assert guard.failed("5.6.7.8", "ann") == 8


def test_time_clears_all() -> None:
    """After a quiet quarter of an hour the count begins anew."""
    clock = SetClock()
    guard = Guard(AuthSettings(), clock)
    for _ in range(6):
        guard.failed("5.6.7.8")
    clock.advance(901)

    assert guard.failed("5.6.7.8") == 0


def test_places_to_wait() -> None:
    """So many a peer, so many in all; then whoever failed before has to come again."""
    guard = Guard(AuthSettings(waiting_max=3, waiting_per_peer_max=2, failures_free=1), SetClock())
    assert guard.waits("a")
    assert not guard.is_busy_with("a")
    assert guard.waits("a")
    assert guard.is_busy_with("a")
    assert guard.waits("b")
    assert not guard.waits("b")
    assert not guard.is_busy_with("b")
    guard.failed("b", "ann")
    assert guard.is_busy_with("b")
    guard.answered("a")
    assert not guard.is_busy_with("a")
    assert not guard.is_busy_with("b")


def test_memory_is_bounded() -> None:
    """The oldest counts go first."""
    guard = Guard(AuthSettings(), SetClock())
    for n in range(ENTRIES_MAX + 10):
        guard.failed(str(n))

    assert len(guard._failures) == ENTRIES_MAX


def test_an_ipv6_network_is_one_peer() -> None:
    """The /64 counts, since a host has all of it."""
    assert peer_key("2001:db8:1:2:3:4:5:6") == peer_key("2001:db8:1:2::9") == "2001:db8:1:2"
    assert peer_key("2001:db8::1") == "2001:db8:0:0"
    assert peer_key("192.0.2.7") == "192.0.2.7"
