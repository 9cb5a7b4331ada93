"""DNS as the house asks it: own cache, one question on the wire for many who ask the same.

dnspython packs and unpacks; the sockets are the loop's. What does not exist is an answer (and is
cached, RFC 2308); what nobody could say raises LookupFailed, and is tried again later.
"""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.reversename

from posthouse.base.clock import Clock
from posthouse.base.settings import setting

CACHE_ENTRIES_MAX: Final = 20_000
TTL_SECONDS_MAX: Final = 86_400
NEGATIVE_SECONDS_MAX: Final = 900
"""RFC 2308 5 lets it be longer; a domain that has just been set up should not wait for it."""
NEGATIVE_SECONDS: Final = 60
"""Where the answer says nothing about it."""
FAILURE_SECONDS: Final = 5
"""A question that failed is not asked again at once. RFC 9520 3.2"""
DATAGRAM_OCTETS_MAX: Final = 1232
RECORDS_MAX: Final = 200
"""Records of one answer that are kept."""
PORT: Final = 53


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsSettings:
    """[dns] - whom we ask for names."""

    servers: tuple[str, ...] = setting(
        (), "Name servers as address or address:port; empty: those of /etc/resolv.conf."
    )
    try_seconds_max: float = setting(
        3.0, "How long one server may take to answer.", least=0.05, most=60
    )
    tries_max: int = setting(2, "How often each server is asked.", least=1, most=10)

    def wrong(self) -> list[tuple[str, str]]:
        try:
            list(map(server_of, self.servers))
        except ValueError:
            return [("servers", "IP addresses, as 192.0.2.1, 192.0.2.1:5353 or [2001:db8::1]:53")]
        return []


class LookupFailed(Exception):
    """Nobody could say: no answer in time, SERVFAIL, or an answer that is none."""


@dataclass(frozen=True, slots=True)
class Found:
    """An answer. `exists` False: there is no such name at all (NXDOMAIN)."""

    records: tuple[Any, ...] = ()
    exists: bool = True


Server = tuple[str, int]


class Resolver:
    """One a worker. All methods raise LookupFailed."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        settings: DnsSettings,
        *,
        number: Callable[[int], int] = secrets.randbelow,
        system: Path = Path("/etc/resolv.conf"),
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._settings = settings
        self._number = number
        self._servers = [server_of(text) for text in settings.servers] or system_servers(system)
        self._cache: OrderedDict[tuple[str, str], tuple[float, Found | str]] = OrderedDict()
        self._open: dict[tuple[str, str], asyncio.Task[Found]] = {}
        self.asked = 0
        """Questions that went over the wire."""

    async def exchangers(self, domain: str) -> list[tuple[int, str]] | None:
        """MX records as (preference, host), [] when it has none; None: no such domain."""
        found = await self.look_up(domain, "MX")
        if not found.exists:
            return None
        return [(record.preference, record.exchange.to_text()) for record in found.records]

    async def addresses(self, host: str) -> list[str]:
        """IPv6 and IPv4 addresses, in turn; [] when it has none. Fails only when nothing is known
        and one of the two could not be asked."""
        if host.rstrip(".").lower() == "localhost":
            return ["127.0.0.1"]  # RFC 6761 6.3: never asked for
        both = await asyncio.gather(
            self.look_up(host, "AAAA"), self.look_up(host, "A"), return_exceptions=True
        )
        lists = [
            [record.address for record in found.records]
            for found in both
            if isinstance(found, Found)
        ]
        failures = [found for found in both if isinstance(found, BaseException)]
        mixed = _in_turn(*lists)
        if not mixed and failures:
            raise failures[0]
        return mixed

    async def texts(self, name: str) -> list[bytes]:
        """TXT records, the strings of each joined. RFC 7208 3.3"""
        found = await self.look_up(name, "TXT")
        return [b"".join(record.strings) for record in found.records]

    async def names(self, address: str) -> list[str]:
        """PTR records of an IP address."""
        name = dns.reversename.from_address(address).to_text()
        found = await self.look_up(name, "PTR")
        return [record.target.to_text().rstrip(".") for record in found.records]

    async def look_up(self, name: str, kind: str) -> Found:
        """Records of one type, aliases followed. Awaits a future, so a visit may call it."""
        key = (name.rstrip(".").lower(), kind)
        known = self._cache.get(key)
        if known is not None and known[0] > self._clock.monotonic():
            self._cache.move_to_end(key)
            if isinstance(known[1], str):
                raise LookupFailed(known[1])
            return known[1]
        task = self._open.get(key)
        if task is None:
            task = self._open[key] = self._loop.create_task(self._ask(key))
            task.add_done_callback(lambda task: self._asked(key, task))
        # Whoever gives up waiting does not take the answer from the others.
        return await asyncio.shield(task)

    def forget(self) -> None:
        """Empties the cache."""
        self._cache.clear()

    async def close(self) -> None:
        """Questions that are open get no answer."""
        tasks = list(self._open.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ---- one question

    def _asked(self, key: tuple[str, str], task: "asyncio.Task[Found]") -> None:
        self._open.pop(key, None)
        if not task.cancelled():
            task.exception()  # seen, also when all who asked have gone

    async def _ask(self, key: tuple[str, str]) -> Found:
        name, kind = key
        try:
            question = dns.message.make_query(
                name, kind, id=self._number(65_536), use_edns=0, payload=DATAGRAM_OCTETS_MAX
            )
        except dns.exception.DNSException:
            return Found(exists=False)  # a label too long, an empty one: such a name cannot exist
        why = "no name server is known"
        for _ in range(self._settings.tries_max):
            for server in self._servers:
                try:
                    async with asyncio.timeout(self._settings.try_seconds_max):
                        answer = await self._exchange(question, server)
                    return self._keep(key, *read_answer(answer, kind))
                except (OSError, EOFError, dns.exception.DNSException, LookupFailed) as error:
                    why = f"{name} {kind}: {str(error) or type(error).__name__} ({server[0]})"
        self._put(key, FAILURE_SECONDS, why)
        raise LookupFailed(why)

    async def _exchange(self, question: dns.message.Message, server: Server) -> dns.message.Message:
        self.asked += 1
        octets = question.to_wire()
        answer = await self._by_datagram(question, octets, server)
        if answer.flags & dns.flags.TC:  # RFC 7766 5
            answer = await self._by_stream(question, octets, server)
        return answer

    async def _by_datagram(
        self, question: dns.message.Message, octets: bytes, server: Server
    ) -> dns.message.Message:
        answered: asyncio.Future[dns.message.Message] = self._loop.create_future()
        transport, _ = await self._loop.create_datagram_endpoint(
            lambda: _Datagrams(question, answered), remote_addr=server
        )
        try:
            transport.sendto(octets)
            return await answered
        finally:
            transport.close()

    async def _by_stream(
        self, question: dns.message.Message, octets: bytes, server: Server
    ) -> dns.message.Message:
        reader, writer = await asyncio.open_connection(*server)
        try:
            writer.write(len(octets).to_bytes(2, "big") + octets)
            length = int.from_bytes(await reader.readexactly(2), "big")
            answer = dns.message.from_wire(await reader.readexactly(length))
        finally:
            writer.close()
        if not question.is_response(answer):
            raise LookupFailed("an answer to another question")
        return answer

    def _keep(self, key: tuple[str, str], found: Found, seconds: int) -> Found:
        self._put(key, min(seconds, TTL_SECONDS_MAX), found)
        return found

    def _put(self, key: tuple[str, str], seconds: int, found: Found | str) -> None:
        if seconds > 0:
            self._cache[key] = (self._clock.monotonic() + seconds, found)
            self._cache.move_to_end(key)
        if len(self._cache) > CACHE_ENTRIES_MAX:
            self._cache.popitem(last=False)


class _Datagrams(asyncio.DatagramProtocol):
    """Takes the one datagram that answers; forged ones pass by."""

    def __init__(
        self, question: dns.message.Message, answered: "asyncio.Future[dns.message.Message]"
    ) -> None:
        self._question = question
        self._answered = answered

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002
        if self._answered.done():
            return
        try:
            answer = dns.message.from_wire(data, ignore_trailing=True)
        except dns.exception.DNSException as error:
            if data[:2] == self._question.id.to_bytes(2, "big"):
                self._answered.set_exception(LookupFailed(f"an answer that is none: {error}"))
            return
        if self._question.is_response(answer):
            self._answered.set_result(answer)

    def error_received(self, exc: Exception) -> None:
        if not self._answered.done():
            self._answered.set_exception(exc)


def read_answer(answer: dns.message.Message, kind: str) -> tuple[Found, int]:
    """What an answer says, and for how many seconds. Raises LookupFailed."""
    code = answer.rcode()
    if code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        raise LookupFailed(dns.rcode.to_text(code))
    if not isinstance(answer, dns.message.QueryMessage):
        raise LookupFailed("no answer to a query")
    try:
        chain = answer.resolve_chaining()
    except (dns.exception.DNSException, AssertionError) as error:
        raise LookupFailed(f"a chain of aliases that leads nowhere: {error}") from error
    if chain.answer is not None and chain.answer.rdtype == dns.rdatatype.from_text(kind):
        return Found(tuple(chain.answer)[:RECORDS_MAX]), chain.minimum_ttl
    exists = code == dns.rcode.NOERROR
    has_soa = any(found.rdtype == dns.rdatatype.SOA for found in answer.authority)
    seconds = chain.minimum_ttl if has_soa else NEGATIVE_SECONDS
    return Found(exists=exists), min(seconds, NEGATIVE_SECONDS_MAX)


def server_of(text: str) -> Server:
    """192.0.2.1, 192.0.2.1:5353, 2001:db8::1 or [2001:db8::1]:53. Raises ValueError."""
    from ipaddress import ip_address

    host, port = text, PORT
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = int(rest[1:]) if rest.startswith(":") else PORT
    elif text.count(":") == 1:
        host, _, digits = text.partition(":")
        port = int(digits)
    if not 0 < port < 65_536:
        raise ValueError(f"a port is 1 to 65535, found {port}")
    return str(ip_address(host)), port


def system_servers(path: Path) -> list[Server]:
    """Those of /etc/resolv.conf; this machine where it names none."""
    found: list[Server] = []
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        words = line.split()
        if len(words) >= 2 and words[0] == "nameserver":
            try:
                found.append(server_of(words[1].partition("%")[0]))
            except ValueError:
                continue
    return found[:3] or [("127.0.0.1", PORT)]


def _in_turn(*lists: list[str]) -> list[str]:
    """One of each list in turn: a family of addresses that does not work costs one attempt."""
    found = []
    for place in range(max(map(len, lists), default=0)):
        found += [items[place] for items in lists if place < len(items)]
    return found
