"""Log-ins: passwords, SASL, the cache, and what guessers meet."""

import asyncio
import base64
from typing import Any

import pytest
from tests.turn import run_now

from posthouse.authenticate.caller import Caller
from posthouse.authenticate.settings import AuthSettings
from posthouse.authenticate.user import LoggedIn, Users
from posthouse.base.clock import SetClock
from posthouse.base.errors import Refusal
from posthouse.base.metrics import Metrics
from posthouse.directory.manage import Manage
from posthouse.proofs.sasl import Challenge
from posthouse.store.memory import MemoryStore
from posthouse.store.values import RemoveAccount, SetAccount
from scram_client import ScramClient

X = Caller("submission", "192.0.2.1")
BOUND = Caller("submission", "192.0.2.1", "TLSv1.3", b"hash")


class House:
    """Users over a memory store; counts what is hashed and how long answers wait."""

    def __init__(self, settings: AuthSettings | None = None) -> None:
        self.clock = SetClock()
        self.store = MemoryStore(self.clock)
        self.manage = Manage(self.store)
        self.hashed = 0
        self.waits: list[float] = []
        self.users = Users(
            self.store,
            settings or AuthSettings(),
            self.clock,
            in_thread=self.in_thread,
            pause=self.pause,
            metrics=Metrics().row(2),
        )
        run_now(self.manage.add_domain("example.org"))
        run_now(self.manage.add_account("ann@example.org", "secret"))

    async def in_thread(self, function: Any, *arguments: Any) -> Any:
        self.hashed += 1
        return function(*arguments)

    async def pause(self, seconds: float) -> None:
        self.waits.append(seconds)

    def check(self, login: str, password: str, peer: str = "192.0.2.1") -> LoggedIn:
        caller = Caller("imap", peer, "TLSv1.3")
        return run_now(self.users.check_password(login, password, caller, "LOGIN"))

    def history(self) -> list[tuple[str, str, str, str, str, int]]:
        """Of Ann: why refused, door, peer, mechanism, TLS, how often."""
        return [
            (row.refused, row.door, row.peer, row.mechanism, row.tls, row.count)
            for row in run_now(self.store.logins(1))
        ]


@pytest.mark.parametrize("login", ["ann@example.org", "ANN@Example.org"])
def test_the_right_password(login: str) -> None:
    """The account comes out."""
    assert House().check(login, "secret") == LoggedIn(1, "ann@example.org")


@pytest.mark.parametrize(
    ("login", "password"),
    [("ann@example.org", "wrong"), ("eve@example.org", "secret"), ("ann", "secret"), ("", ""),
     ("ann@example.org", "x" * 100_000)],
)  # fmt: skip
def test_anything_else_is_535(login: str, password: str) -> None:
    """One answer for all, and the same work, so that nobody learns who lives here."""
    house = House()
    with pytest.raises(Refusal) as refusal:
        house.check(login, password)

    assert (refusal.value.code, refusal.value.say) == (535, "wrong name or password")
    assert house.hashed == 1


def test_a_right_password_is_hashed_once() -> None:
    """Reconnecting clients cost a keyed hash, until the time is over."""
    house = House()
    for _ in range(5):
        house.check("ann@example.org", "secret")
    assert house.hashed == 1
    house.clock.advance(3601)
    house.check("ann@example.org", "secret")
    assert house.hashed == 2


def test_a_changed_password_is_true_at_once() -> None:
    """The old one is not remembered."""
    house = House()
    house.check("ann@example.org", "secret")
    run_now(house.manage.set_account("ann@example.org", password="new"))

    with pytest.raises(Refusal):
        house.check("ann@example.org", "secret")
    assert house.check("ann@example.org", "new").account == 1


@pytest.mark.parametrize("change", [SetAccount(1, enabled=False), RemoveAccount(1)])
def test_a_disabled_or_removed_account_is_out_at_once(change: Any) -> None:
    """Though its password was right a moment ago."""
    house = House()
    house.check("ann@example.org", "secret")
    run_now(house.store.commit(change))

    with pytest.raises(Refusal):
        house.check("ann@example.org", "secret")


def test_the_cache_can_be_turned_off() -> None:
    """Every log-in is hashed then."""
    house = House(AuthSettings(cache_seconds=0))
    house.check("ann@example.org", "secret")
    house.check("ann@example.org", "secret")

    assert house.hashed == 2


def test_guessers_wait_and_the_owner_does_not() -> None:
    """Failures are slowed; the right password from elsewhere is answered at once."""
    house = House()
    for n in range(6):
        with pytest.raises(Refusal):
            house.check("ann@example.org", f"guess{n}")
    waited = len(house.waits)

    assert house.waits == [1, 2, 4]
    assert house.check("ann@example.org", "secret", "198.51.100.7").account == 1
    assert len(house.waits) == waited


def test_only_so_many_answers_wait() -> None:
    """Beyond the limit failures are refused at once, so that a flood does not pile up."""

    async def flood() -> list[float]:
        house = House(AuthSettings(failures_free=1, waiting_max=2))
        gate = asyncio.Event()

        async def wait(seconds: float) -> None:
            house.waits.append(seconds)
            await gate.wait()

        house.users._pause = wait
        tasks = [
            asyncio.ensure_future(house.users.check_password("ann@example.org", "no", X, "LOGIN"))
            for _ in range(10)
        ]
        await asyncio.sleep(0.05)
        done = sum(task.done() for task in tasks)
        gate.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert done == 8
        return house.waits

    assert len(asyncio.run(flood())) == 2


def sasl(house: House, mechanism: str, *messages: bytes) -> Challenge | LoggedIn:
    """The last step of an exchange with these client messages."""
    login = house.users.start(mechanism, X)
    assert login is not None
    step = run_now(login.first(messages[0] if messages else None))
    for message in messages[1:]:
        step = run_now(login.next(message))
    return step


def test_plain_and_login() -> None:
    """Both lead to the same account."""
    house = House()

    assert sasl(house, "plain", b"\0ann@example.org\0secret") == LoggedIn(1, "ann@example.org")
    assert sasl(house, "LOGIN") == Challenge(b"Username:")
    assert sasl(house, "LOGIN", b"ann@example.org", b"secret") == LoggedIn(1, "ann@example.org")
    assert sasl(house, "PLAIN") == Challenge(b"")


def scram_client(house: House, login: str, password: str) -> Challenge | LoggedIn:
    """A SCRAM client, written from RFC 5802."""
    import hashlib
    import hmac

    exchange = house.users.start("SCRAM-SHA-256", X)
    assert exchange is not None
    bare = f"n={login},r=abc"
    step = run_now(exchange.first(f"n,,{bare}".encode()))
    assert isinstance(step, Challenge)
    first = step.octets.decode()
    fields = dict(part.split("=", 1) for part in first.split(","))
    salt = base64.b64decode(fields["s"])
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, int(fields["i"]))
    client_key = hmac.new(salted, b"Client Key", "sha256").digest()
    without_proof = f"c=biws,r={fields['r']}"
    signed = f"{bare},{first},{without_proof}".encode()
    signature = hmac.new(hashlib.sha256(client_key).digest(), signed, "sha256").digest()
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(client_key, signature, strict=True)))
    return run_now(exchange.next(f"{without_proof},p={proof.decode()}".encode()))


def test_scram() -> None:
    """The right password proves, a wrong one and an unknown name do not, in the same steps."""
    house = House()
    done = scram_client(house, "ann@example.org", "secret")

    assert isinstance(done, LoggedIn)
    assert (done.account, done.final[:2]) == (1, b"v=")
    for login, password in (("ann@example.org", "wrong"), ("eve@example.org", "secret")):
        with pytest.raises(Refusal) as refusal:
            scram_client(house, login, password)
        assert refusal.value.code == 535


def test_an_unknown_name_has_the_same_salt_each_time() -> None:
    """So that asking twice does not tell whether somebody lives here."""
    house = House()
    first, second = (run_now(house.users.keys_for("eve@example.org")) for _ in range(2))

    assert first.salt == second.salt
    assert first.rounds == 65_536


def test_scram_can_be_turned_off() -> None:
    """Then it is neither offered nor accepted."""
    users = House(AuthSettings(scram=False)).users

    assert "SCRAM-SHA-256" not in users.mechanisms()
    assert users.start("SCRAM-SHA-256", X) is None
    assert users.start("NTLM", X) is None


def test_nobody_acts_as_somebody_else() -> None:
    """RFC 4616 2: another authorization identity is refused, the own one is not."""
    house = House()
    with pytest.raises(Refusal):
        sasl(house, "PLAIN", b"bob@example.org\0ann@example.org\0secret")

    assert sasl(house, "PLAIN", b"ann@example.org\0ann@example.org\0secret")


def test_broken_messages_are_501_and_no_guess() -> None:
    """A syntax fault does not slow anybody."""
    house = House()
    for _ in range(10):
        with pytest.raises(Refusal) as refusal:
            sasl(house, "PLAIN", b"nonsense")
        assert refusal.value.code == 501

    assert house.waits == []


def test_an_account_removed_in_the_middle_of_scram() -> None:
    """The proof is right and the account gone: no log-in."""
    house = House()
    run_now(house.store.commit(RemoveAccount(1)))
    with pytest.raises(Refusal):
        run_now(house.users.proved("ann@example.org", X, "SCRAM-SHA-256", b""))


def test_bound_exchanges_are_for_doors_that_know_their_certificate() -> None:
    """-PLUS is offered and accepted only with something to be bound to. RFC 5802 6"""
    users = House(AuthSettings(channel_binding=True)).users

    assert users.mechanisms(binds=True)[0] == "SCRAM-SHA-256-PLUS"
    assert "SCRAM-SHA-256-PLUS" not in users.mechanisms()
    assert users.start("SCRAM-SHA-256-PLUS", X) is None
    assert users.start("scram-sha-256-plus", BOUND) is not None


def test_binding_is_offered_only_where_it_is_configured() -> None:
    """And a client that says it could bind, had it been offered, is believed. RFC 5802 6"""
    users = House().users

    assert "SCRAM-SHA-256-PLUS" not in users.mechanisms(binds=True)
    assert users.start("SCRAM-SHA-256-PLUS", BOUND) is None
    exchange = users.start("SCRAM-SHA-256", BOUND)
    assert exchange is not None
    client = ScramClient("ann@example.org", "secret", flag="y")
    assert isinstance(run_now(exchange.first(base64.b64decode(client.first()))), Challenge)


def test_the_last_data_as_a_challenge() -> None:
    """For protocols whose yes cannot carry it; what the client says then means nothing."""
    house = House(AuthSettings(channel_binding=True))
    client = ScramClient("ann@example.org", "secret", b"hash")
    exchange = house.users.start(client.mechanism, BOUND, final_as_challenge=True)
    assert exchange is not None
    step = run_now(exchange.first(base64.b64decode(client.first())))
    assert isinstance(step, Challenge)
    final = client.final(base64.b64encode(step.octets).decode())
    step = run_now(exchange.next(base64.b64decode(final)))
    assert isinstance(step, Challenge)
    client.check(base64.b64encode(step.octets).decode())

    assert run_now(exchange.next(b"")) == LoggedIn(1, "ann@example.org")


def test_what_goes_into_the_history() -> None:
    """Who came, by which door, how, and why somebody was refused; of names nobody has, nothing."""
    house = House()
    house.check("ann@example.org", "secret", "198.51.100.1")
    for login, password in (("ann@example.org", "no"), ("eve@example.org", "no")):
        for _ in range(2):
            with pytest.raises(Refusal):
                house.check(login, password, "198.51.100.2")
    scram_client(house, "ann@example.org", "secret")
    with pytest.raises(Refusal):
        scram_client(house, "ann@example.org", "wrong")
    run_now(house.manage.set_account("ann@example.org", enabled=False))
    with pytest.raises(Refusal):
        house.check("ann@example.org", "secret")

    assert sorted(house.history()) == [
        ("", "imap", "198.51.100.1", "LOGIN", "TLSv1.3", 1),
        ("", "submission", "192.0.2.1", "SCRAM-SHA-256", "", 1),
        ("account is disabled", "imap", "192.0.2.1", "LOGIN", "TLSv1.3", 1),
        ("wrong password", "imap", "198.51.100.2", "LOGIN", "TLSv1.3", 2),
        ("wrong password", "submission", "192.0.2.1", "SCRAM-SHA-256", "", 1),
    ]
    assert all(len(run_now(house.store.logins(n))) == 0 for n in (0, 2))


def test_guesses_by_scram_count_for_the_account() -> None:
    """From as many addresses as one likes."""
    house = House()
    for _ in range(4):
        with pytest.raises(Refusal):
            scram_client(house, "ann@example.org", "wrong")

    with pytest.raises(Refusal):
        house.check("ann@example.org", "wrong", "203.0.113.5")
    assert house.waits == [1, 2]


def test_an_account_of_ones_own_clears_no_way() -> None:
    """Who logs in between guesses at others is slowed as before."""
    house = House()
    run_now(house.manage.add_account("eve@example.org", "mine"))
    for n in range(5):
        with pytest.raises(Refusal):
            house.check("ann@example.org", f"guess{n}", "203.0.113.5")
        house.check("eve@example.org", "mine", "203.0.113.5")

    assert house.waits == [1, 2]


def test_a_crowd_of_guesses_is_not_looked_at() -> None:
    """While an address has its guesses waiting, more of them are refused unchecked: 454."""

    async def crowd() -> None:
        house = House(AuthSettings(failures_free=1, waiting_per_peer_max=2, cache_seconds=60))
        guesser, owner = Caller("imap", "203.0.113.5"), Caller("imap", "192.0.2.7")
        check = house.users.check_password
        await check("ann@example.org", "secret", guesser, "LOGIN")  # its cache knows her
        gate = asyncio.Event()

        async def wait(seconds: float) -> None:
            house.waits.append(seconds)
            await gate.wait()

        house.users._pause = wait
        guesses = [
            asyncio.ensure_future(check("ann@example.org", f"g{n}", guesser, "LOGIN"))
            for n in range(20)
        ]
        await asyncio.sleep(0.05)
        assert len(house.waits) == 2
        hashed = house.hashed
        with pytest.raises(Refusal) as refusal:
            await check("bob@example.org", "secret", guesser, "LOGIN")
        assert (refusal.value.code, refusal.value.status) == (454, "4.7.0")
        exchange = house.users.start("SCRAM-SHA-256", guesser)
        assert exchange is not None
        with pytest.raises(Refusal, match="454"):
            await exchange.first(b"n,,n=ann@example.org,r=abc")
        assert house.hashed == hashed
        # The owner is let in: from elsewhere, and where her password is known, from there too.
        assert (await check("ann@example.org", "secret", owner, "LOGIN")).account == 1
        assert (await check("ann@example.org", "secret", guesser, "LOGIN")).account == 1
        gate.set()
        found = await asyncio.gather(*guesses, return_exceptions=True)
        codes = [one.code for one in found if isinstance(one, Refusal)]
        assert sorted(codes) == [454] * 17 + [535] * 3
        with pytest.raises(Refusal) as refusal:
            await check("ann@example.org", "no", guesser, "LOGIN")
        assert refusal.value.code == 535

    asyncio.run(crowd())


def test_who_comes_together_is_hashed_once() -> None:
    """A person's programs after a restart; when the first of them hangs up another one goes on."""

    async def come() -> None:
        house = House()
        gate = asyncio.Event()

        async def in_thread(function: Any, *arguments: Any) -> Any:
            house.hashed += 1
            await gate.wait()
            return function(*arguments)

        house.users._in_thread = in_thread
        tasks = [
            asyncio.ensure_future(
                house.users.check_password("ann@example.org", "secret", X, "LOGIN")
            )
            for _ in range(10)
        ]
        await asyncio.sleep(0)
        assert house.hashed == 1
        tasks[0].cancel()
        await asyncio.sleep(0.01)
        assert house.hashed == 2
        gate.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(one) for one in found] == [asyncio.CancelledError] + [LoggedIn] * 9
        assert house.hashed == 2
        assert not house.users._hashing

    asyncio.run(come())
