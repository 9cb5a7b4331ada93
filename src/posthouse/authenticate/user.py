"""Which person: checks log-ins with a password or a SASL exchange. RFC 4422, 4616, 5802

A log-in that succeeds gives `LoggedIn`; one that does not raises `Refusal` with 535, or 454 where a
guesser has to wait before it is looked at (the doors translate it). The directory is read at every
log-in, so a changed password or a removed account is true at once. A right password is remembered
as a keyed hash bound to the stored credential, since argon2id costs 27 ms and clients reconnect in
storms. Every log-in to an account that there is goes into its history.
"""

import asyncio
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from posthouse.authenticate.caller import Caller
from posthouse.authenticate.guard import Guard, peer_key
from posthouse.authenticate.settings import AuthSettings
from posthouse.base.clock import Clock
from posthouse.base.errors import Blame, Refusal
from posthouse.base.metrics import Row
from posthouse.directory.credentials import (
    PASSWORD_CHARACTERS_MAX,
    hash_of,
    keys_of,
    password_fits,
)
from posthouse.mail.address import parse_address
from posthouse.proofs.sasl import (
    LOGIN_FIRST,
    MECHANISMS,
    SCRAM_PLUS,
    SCRAM_ROUNDS,
    Challenge,
    Exchange,
    Failed,
    KeysWanted,
    Login,
    PasswordOffered,
    Plain,
    Proved,
    ScramKeys,
    ScramSha256,
)
from posthouse.store.contract import Account, Store
from posthouse.store.values import Credential, RecordLogin

CACHE_ENTRIES_MAX: Final = 20_000
LOGIN_CHARACTERS_MAX: Final = 320
"""Of a name that nobody has, as it is counted."""

InThread = Callable[..., Awaitable[Any]]
"""`await in_thread(function, *arguments)` runs it beside the loop."""
Pause = Callable[[float], Awaitable[None]]
"""`await pause(seconds)`."""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A person who has proved who they are. `final` goes out with the success of a SCRAM
    exchange."""

    account: int
    address: str
    final: bytes = b""


class Users:
    """Checks log-ins for one process."""

    __slots__ = (
        "_cache",
        "_clock",
        "_guard",
        "_hashing",
        "_in_thread",
        "_invented",
        "_metrics",
        "_pause",
        "_secret",
        "_store",
        "settings",
    )

    def __init__(
        self,
        store: Store,
        settings: AuthSettings,
        clock: Clock,
        *,
        in_thread: InThread,
        pause: Pause,
        metrics: Row,
    ) -> None:
        self.settings = settings
        self._store = store
        self._clock = clock
        self._guard = Guard(settings, clock)
        self._in_thread = in_thread
        self._pause = pause
        self._metrics = metrics
        self._secret = secrets.token_bytes(32)
        self._cache: OrderedDict[bytes, float] = OrderedDict()
        self._hashing: dict[bytes, list[asyncio.Future[bool | None]]] = {}
        """What is being hashed just now, and who waits for the same answer."""
        # Work for names that nobody has, so that the time of an answer does not tell who lives
        # here.
        self._invented = (
            "$argon2id$v=19$m=19456,t=2,p=1$YWJjZGVmZ2hpamtsbW5vcA"
            "$4T0d0bQp0u0tq0oKzHc0wO1n8i0mB2cGzv9cYw0wq0E"
        )

    def mechanisms(self, *, binds: bool = False) -> tuple[str, ...]:
        """What may be offered, best first; with `binds` also what is bound to TLS."""
        if not self.settings.scram:
            return MECHANISMS[1:]
        binds = binds and self.settings.channel_binding
        return (SCRAM_PLUS, *MECHANISMS) if binds else MECHANISMS

    async def check_password(
        self, login: str, password: str, caller: Caller, mechanism: str
    ) -> LoggedIn:
        """Raises Refusal when it is not this person's password."""
        account = await self._account(login)
        stored = None
        if account is not None and account.enabled:
            stored = hash_of(await self._store.credentials(account.id))
        if account is None or stored is None or len(password) > PASSWORD_CHARACTERS_MAX:
            self.may_guess(caller)
            await self._in_thread(password_fits, self._invented, password[:64])
        elif self._remembers(account.id, stored, password):
            return self._succeeded(account, caller, mechanism)
        else:
            self.may_guess(caller)
            if await self._fits(account.id, stored, password):
                return self._succeeded(account, caller, mechanism)
        raise await self._failed(login, account, caller, mechanism, _why_not(account, stored))

    def start(
        self,
        mechanism: str,
        caller: Caller,
        *,
        final_as_challenge: bool = False,
    ) -> "SaslLogin | None":
        """A SASL exchange with one client, or None when the mechanism is not offered.

        With `final_as_challenge` the data that comes with success is a challenge of its own, for
        protocols whose yes has no place for it. RFC 4422 3.6
        """
        # Where it is not offered, a client that could bind says so by right. RFC 5802 6
        end_point = caller.end_point if self.settings.channel_binding else b""
        exchange: Exchange
        match mechanism.upper():
            case "PLAIN":
                exchange = Plain()
            case "LOGIN":
                exchange = Login()
            case "SCRAM-SHA-256" if self.settings.scram:
                exchange = ScramSha256(secrets.token_urlsafe(18), end_point=end_point)
            case "SCRAM-SHA-256-PLUS" if self.settings.scram and end_point:
                nonce = secrets.token_urlsafe(18)
                exchange = ScramSha256(nonce, end_point=end_point, is_plus=True)
            case _:
                return None
        name = mechanism.upper()
        return SaslLogin(self, exchange, caller, name, final_as_challenge=final_as_challenge)

    async def keys_for(self, login: str) -> ScramKeys:
        """The SCRAM keys of this person, or invented ones that are always the same for a name."""
        account = await self._account(login)
        credentials: tuple[Credential, ...] = ()
        if account is not None and account.enabled:
            credentials = await self._store.credentials(account.id)
        keys = keys_of(credentials)
        if keys is not None:
            return keys
        salt = hmac.digest(self._secret, login.encode(), "sha256")
        return ScramKeys(SCRAM_ROUNDS, salt[:16], secrets.token_bytes(32), salt)

    async def proved(self, login: str, caller: Caller, mechanism: str, final: bytes) -> LoggedIn:
        """SCRAM has proved the name; the account may have gone meanwhile."""
        account = await self._account(login)
        if account is None or not account.enabled:
            raise await self._failed(login, account, caller, mechanism, _why_not(account, ""))
        done = self._succeeded(account, caller, mechanism)
        return LoggedIn(done.account, done.address, final)

    async def failed(self, login: str, caller: Caller, mechanism: str, note: str) -> Refusal:
        """Counts the failure, waits as the guard says, and gives what to raise. `login`: "" where
        it was not told yet."""
        account = await self._account(login) if login else None
        return await self._failed(login, account, caller, mechanism, note)

    def may_guess(self, caller: Caller) -> None:
        """Raises Refusal, 454, for a peer whose wrong guesses still wait for their answers."""
        if self._guard.is_busy_with(peer_key(caller.peer)):
            self._metrics.add("logins_failed_total")
            say = "too many wrong passwords from your address, try again later"
            raise Refusal(454, "4.7.0", say, "guesses wait", Blame.WORLD)

    async def _account(self, login: str) -> Account | None:
        try:
            key = parse_address(login).key
        except ValueError:
            return None
        return await self._store.account_by_address(key)

    def _succeeded(self, account: Account, caller: Caller, mechanism: str) -> LoggedIn:
        self._guard.succeeded(peer_key(caller.peer), account.address)
        self._metrics.add("logins_total")
        self._keep(account, caller, mechanism, "")
        return LoggedIn(account.id, account.address)

    async def _failed(
        self, login: str, account: Account | None, caller: Caller, mechanism: str, note: str
    ) -> Refusal:
        self._metrics.add("logins_failed_total")
        if account is not None:
            self._keep(account, caller, mechanism, note)
        peer = peer_key(caller.peer)
        name = account.address if account is not None else login[:LOGIN_CHARACTERS_MAX].casefold()
        delay = self._guard.failed(peer, name)
        if delay and self._guard.waits(peer):
            try:
                await self._pause(delay)
            finally:
                self._guard.answered(peer)
        return Refusal(535, "5.7.8", "wrong name or password", note, Blame.PEER)

    def _keep(self, account: Account, caller: Caller, mechanism: str, refused: str) -> None:
        """Rides on somebody's commit: a refused log-in buys no sync of its own (design.md 5)."""
        at = int(self._clock.now())
        login = RecordLogin(
            account.id, at, caller.door, caller.peer, mechanism, caller.tls, refused
        )
        self._store.note(login)

    async def _fits(self, account: int, stored: str, password: str) -> bool:
        """Whether it is the password. Hashed once for all who ask the same at the same time: after
        a restart a person's programs come back together, each with several connections."""
        key = self._cache_key(account, stored, password)
        while (others := self._hashing.get(key)) is not None:
            others.append(waits := asyncio.get_running_loop().create_future())
            found: bool | None = await waits
            if found is not None:
                return found
            # Who had it hashed hung up meanwhile: the first of us goes on.
        self._hashing[key] = []
        fits = None
        try:
            fits = bool(await self._in_thread(password_fits, stored, password))
            if fits:
                self._remember(account, stored, password)
        finally:
            for waits in self._hashing.pop(key):
                if not waits.done():
                    waits.set_result(fits)
        return fits

    def _remembers(self, account: int, stored: str, password: str) -> bool:
        key = self._cache_key(account, stored, password)
        until = self._cache.get(key, 0.0)
        return until > self._clock.monotonic()

    def _remember(self, account: int, stored: str, password: str) -> None:
        if self.settings.cache_seconds <= 0:
            return
        key = self._cache_key(account, stored, password)
        self._cache[key] = self._clock.monotonic() + self.settings.cache_seconds
        if len(self._cache) > CACHE_ENTRIES_MAX:
            self._cache.popitem(last=False)

    def _cache_key(self, account: int, stored: str, password: str) -> bytes:
        # Bound to the stored hash: a changed password is another key, so nothing need be forgotten.
        message = f"{account}\0{stored}\0{password}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._secret, message, "sha256")


def _why_not(account: Account | None, stored: str | None) -> str:
    """For the log and the history; the peer hears one answer for all."""
    if account is None:
        return "no such account"
    if not account.enabled:
        return "account is disabled"
    return "no password is set" if stored is None else "wrong password"


class SaslLogin:
    """One client's SASL exchange, the lookups done. The door encodes and decodes base 64."""

    __slots__ = (
        "_caller",
        "_exchange",
        "_final_as_challenge",
        "_login",
        "_mechanism",
        "_proved",
        "_users",
    )

    def __init__(
        self,
        users: Users,
        exchange: Exchange,
        caller: Caller,
        mechanism: str,
        *,
        final_as_challenge: bool = False,
    ) -> None:
        self._users = users
        self._exchange = exchange
        self._caller = caller
        self._mechanism = mechanism
        self._login = ""
        """Whom the client says it is, once it did."""
        self._final_as_challenge = final_as_challenge
        self._proved: LoggedIn | None = None

    async def first(self, initial: bytes | None) -> Challenge | LoggedIn:
        """Begins, with the client's initial response if it sent one."""
        if initial is not None:
            return await self.next(initial)
        return Challenge(b"" if self._exchange.client_first else LOGIN_FIRST)

    async def next(self, octets: bytes) -> Challenge | LoggedIn:
        """The client's next message. Raises Refusal: 535 for a wrong proof, 501 for broken
        syntax."""
        if self._proved is not None:
            return self._proved  # what the client says to the last challenge means nothing
        step = self._exchange.step(octets)
        match step:
            case Challenge():
                return step
            case PasswordOffered(login, password, authorize):
                self._may_act(login, authorize)
                return await self._users.check_password(
                    login, password, self._caller, self._mechanism
                )
            case KeysWanted(login):
                assert isinstance(self._exchange, ScramSha256)
                self._users.may_guess(self._caller)
                self._login = login
                return self._exchange.keys(await self._users.keys_for(login))
            case Proved(login, final, authorize):
                self._may_act(login, authorize)
                user = await self._users.proved(login, self._caller, self._mechanism, final)
                if not self._final_as_challenge:
                    return user
                self._proved = LoggedIn(user.account, user.address)
                return Challenge(user.final)
            case Failed(note, malformed):
                if malformed:
                    raise Refusal(501, "5.5.2", "cannot read this authentication message", note)
                raise await self._users.failed(self._login, self._caller, self._mechanism, note)

    @staticmethod
    def _may_act(login: str, authorize: str) -> None:
        """Nobody may act as somebody else here (yet). RFC 4616 2"""
        if authorize and authorize.casefold() != login.casefold():
            raise Refusal(535, "5.7.8", "not allowed to act as somebody else", authorize)
