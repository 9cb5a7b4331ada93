"""The history of log-ins on every engine: folded, bounded, and never in anybody's way."""

from typing import Any

from tests.store.engines import Engine

from posthouse.store.contract import LoginRow
from posthouse.store.settings import StoreSettings
from posthouse.store.values import RecordLogin, RemoveAccount, Why

MOST = StoreSettings().logins_max


def login(account: int, at: int, refused: str = "", **given: Any) -> RecordLogin:
    fields = {"door": "imap", "peer": "192.0.2.1", "mechanism": "LOGIN", "tls": "TLSv1.3", **given}
    return RecordLogin(account, at, refused=refused, **fields)


def logins(engine: Engine, account: int) -> list[LoginRow]:
    found: list[LoginRow] = engine.run(engine.store.logins(account))
    return found


def test_newest_first(engine: Engine) -> None:
    """All that was told of them; each account has its own."""
    ann, bob = engine.account("ann"), engine.account("bob")
    engine.one(login(ann, 100))
    engine.one(login(ann, 200, "wrong password", door="pop3", peer="2001:db8::1", tls=""))

    assert logins(engine, ann) == [
        LoginRow(200, 200, 1, "pop3", "2001:db8::1", "LOGIN", "", "wrong password"),
        LoginRow(100, 100, 1, "imap", "192.0.2.1", "LOGIN", "TLSv1.3", ""),
    ]
    assert logins(engine, bob) == []


def test_those_that_are_alike_share_a_row(engine: Engine) -> None:
    """A program that looks every minute fills no history, though others come in between."""
    account = engine.account()
    for at in (100, 160, 220):
        engine.one(login(account, at))
        engine.one(login(account, at + 1, "wrong password", peer="198.51.100.7"))
    engine.one(login(account, 300, peer="192.0.2.2"))
    engine.one(login(account, 400))

    found = [(row.first, row.last, row.count, row.peer) for row in logins(engine, account)]
    assert found == [
        (400, 400, 1, "192.0.2.1"),
        (300, 300, 1, "192.0.2.2"),
        (101, 221, 3, "198.51.100.7"),
        (100, 220, 3, "192.0.2.1"),
    ]


def test_rows_of_an_account_are_bounded(engine: Engine) -> None:
    """The newest stay; a guesser from everywhere pushes out no log-in of the owner."""
    account = engine.account()
    engine.one(login(account, 1))
    engine.do(
        *(login(account, 10 + n, "wrong password", peer=f"peer{n}") for n in range(MOST + 20))
    )

    found = logins(engine, account)
    assert [row.peer for row in found if row.refused] == [
        f"peer{n}" for n in reversed(range(20, MOST + 20))
    ]
    assert [row.first for row in found if not row.refused] == [1]


def test_they_ride_on_the_commits_of_others(engine: Engine) -> None:
    """As rows of the trace do; one for an account that is gone harms nobody."""
    account = engine.account()
    engine.store.note(login(99, 100))
    engine.store.note(login(account, 100, "wrong password"))
    engine.account("bob")
    engine.settle(lambda: True)

    assert engine.run(found(engine, account))


async def found(engine: Engine, account: int) -> bool:
    """It is there, at once or a little later."""
    import asyncio

    for _ in range(500):
        if await engine.store.logins(account):
            return True
        await asyncio.sleep(0.01)
    return False


def test_a_removed_account_has_no_history(engine: Engine) -> None:
    """Nor may it get a new one."""
    account = engine.account()
    engine.one(login(account, 100))
    engine.one(RemoveAccount(account))

    assert logins(engine, account) == []
    assert engine.refused(login(account, 200)) is Why.GONE
