"""A name server for tests, in a thread of its own: names, and how it misbehaves.

    with DnsServer({("example.net", "MX"): ["10 mx.example.net."], ...}) as dns:
        dns.address                     # "127.0.0.1:40001"

A name with any record exists; all others are NXDOMAIN. In place of records may stand SERVFAIL,
SILENT, GARBAGE, TRUNCATED (the whole answer by TCP), FORGED (wrong ones come first).
"""

import asyncio
import threading
from collections.abc import Mapping
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

SERVFAIL = "SERVFAIL"
SILENT = "SILENT"
GARBAGE = "GARBAGE"
TRUNCATED = "TRUNCATED"
FORGED = "FORGED"
TTL = 300

Zone = Mapping[tuple[str, str], list[str]]


class DnsServer:
    """A context. `zone` may be changed while it runs. `port` 0: a free one."""

    def __init__(self, zone: Zone, host: str = "127.0.0.1", port: int = 0) -> None:
        self.zone = dict(zone)
        self._host, self._port = host, port
        self.asked: list[tuple[str, str]] = []
        self.pause_seconds = 0.0
        self.address = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> "DnsServer":
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _start(self) -> None:
        for _ in range(20):  # the port must be free for both
            self._stream = await asyncio.start_server(self._by_stream, self._host, self._port)
            port = self._stream.sockets[0].getsockname()[1]
            try:
                self._datagrams, _ = await self._loop.create_datagram_endpoint(
                    lambda: _Datagrams(self), local_addr=(self._host, port)
                )
            except OSError:
                self._stream.close()
                continue
            self.address = f"{self._host}:{port}"
            return
        raise AssertionError("no port is free")

    async def _stop(self) -> None:
        self._datagrams.close()
        self._stream.close()
        await self._stream.wait_closed()

    async def _by_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(2), "big")
        for answer in self.answers(await reader.readexactly(length), is_stream=True):
            writer.write(len(answer).to_bytes(2, "big") + answer)
        writer.close()

    def answers(self, octets: bytes, *, is_stream: bool = False) -> list[bytes]:
        """What is sent back for a question."""
        query = dns.message.from_wire(octets)
        (question,) = query.question
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        response = dns.message.make_response(query, recursion_available=True)
        records = self.zone.get((name, kind), [])
        mode = records[0] if records and records[0].isupper() else ""
        records = records[1:] if mode else records
        if mode == SILENT:
            return []
        if mode == GARBAGE:
            return [octets[:2] + b"\xff" * 30]
        if mode == SERVFAIL:
            response.set_rcode(dns.rcode.SERVFAIL)
            return [response.to_wire()]
        if mode == TRUNCATED and not is_stream:
            response.flags |= dns.flags.TC
            return [response.to_wire()]
        self._fill(response, name, kind, records)
        whole = response.to_wire(max_size=65_535)
        if mode == FORGED:
            wrong_id = bytes([whole[0] ^ 1]) + whole[1:]
            other = dns.message.make_query("other.example", kind, id=query.id)
            return [wrong_id, dns.message.make_response(other).to_wire(), b"x", whole]
        return [whole]

    def _fill(
        self, response: dns.message.Message, name: str, kind: str, records: list[str]
    ) -> None:
        for _ in range(9):
            alias = self.zone.get((name, "CNAME"))
            if not alias or kind == "CNAME":
                break
            response.answer.append(dns.rrset.from_text(f"{name}.", TTL, "IN", "CNAME", alias[0]))
            name = alias[0].rstrip(".")
            records = self.zone.get((name, kind), [])
        if records:
            response.answer.append(dns.rrset.from_text(f"{name}.", TTL, "IN", kind, *records))
        else:
            soa = ". . 1 2 3 4 30"
            response.authority.append(dns.rrset.from_text(f"{name}.", TTL, "IN", "SOA", soa))
            if not any(known == name for known, _ in self.zone):
                response.set_rcode(dns.rcode.NXDOMAIN)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self._server = server

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        def send() -> None:
            for answer in self._server.answers(data):
                self._transport.sendto(answer, addr)

        asyncio.get_running_loop().call_later(self._server.pause_seconds, send)
