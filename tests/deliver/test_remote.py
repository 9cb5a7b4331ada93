"""Letters to other hosts, good ones and bad ones: each recipient ends as it must, none twice."""

import asyncio
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
import trustme

from posthouse.base.chance import as_given
from posthouse.deliver.dialogue import Contexts
from posthouse.deliver.remote import RemoteCarrier, RemoteHouse
from posthouse.net.resolve import LookupFailed
from posthouse.queue.route import Routes
from posthouse.queue.settings import RelaySettings, Route
from posthouse.store.values_queue import QueueState
from posthouse.wire.smtp.client_limits import ClientLimits
from queue_world import QueueWorld
from remote_world import DROP, ENDLESS, GARBAGE, HANG, Remote

QUICK = {
    "connect_seconds_max": 0.4,
    "greeting_seconds_max": 0.2,
    "command_seconds_max": 0.2,
    "data_seconds_max": 0.2,
    "block_seconds_max": 0.2,
    "dot_seconds_max": 0.2,
}


class Names:
    """DNS by heart."""

    def __init__(self) -> None:
        self.mx: dict[str, Any] = {}
        self.hosts: dict[str, Any] = {}
        self.gate: asyncio.Event | None = None
        """Who asks waits for it."""

    async def exchangers(self, domain: str) -> Any:
        if self.gate is not None:
            await self.gate.wait()
        found = self.mx.get(domain, [])
        if isinstance(found, Exception):
            raise found
        return found

    async def addresses(self, host: str) -> Any:
        found = self.hosts.get(host, [])
        if isinstance(found, Exception):
            raise found
        return found


class World(QueueWorld):
    """A queue whose letters really go out, to hosts of the test."""

    def __init__(self, *routes: Route, relay: RelaySettings | None = None, **settings: Any) -> None:
        super().__init__(**({"idle_seconds_max": 0.05} | settings))
        self.names = Names()
        self.remotes: list[Remote] = []
        self.contexts = Contexts()
        self.relay = relay or RelaySettings()
        self.routes = routes

    def begin(self) -> None:
        """The port is known only now."""
        house = self.runner._house
        house.routes = Routes(self.relay, self.routes)
        remote = RemoteHouse(
            hostname="mail.example.org",
            relay=self.relay,
            queue=self.settings,
            limits=ClientLimits(**QUICK),
            routes=house.routes,
            resolver=self.names,  # type: ignore[arg-type]
            store=self.store,
            contexts=self.contexts,
            clock=house.clock,
            log=house.log,
            loop=self.loop,
            shuffle=as_given,
        )
        self.runner._carrier = RemoteCarrier(remote)
        self.runner.start()

    def remote(self, **given: Any) -> Remote:
        remote: Remote = self.run(Remote(**given).start())
        self.remotes.append(remote)
        self.relay = RelaySettings(port=remote.port)
        return remote

    def mx(self, domain: str, *hosts: str) -> None:
        """All at 127.0.0.1."""
        self.names.mx[domain] = [(10 * n, f"{host}.") for n, host in enumerate(hosts)]
        for host in hosts:
            self.names.hosts[host] = ["127.0.0.1"]

    def end(self) -> None:
        self.until(lambda: self.runner.is_idle)
        self.run(self.runner.close())
        for remote in self.remotes:
            self.run(remote.stop())
        self.run(asyncio.sleep(0))
        self.loop.close()


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.end()


def one_remote(world: World, **given: Any) -> Remote:
    remote = world.remote(**given)
    world.mx("example.net", "mx.example.net")
    world.begin()
    return remote


def test_a_letter_arrives_as_it_was(world: World) -> None:
    """Octet for octet, without our Return-Path, with its dots."""
    remote = one_remote(world)
    world.take("bob@example.net", "eve@example.net")
    world.until(lambda: not world.queue)

    (taken,) = remote.letters
    assert (taken.sender, taken.recipients) == (
        "ann@example.org", ["bob@example.net", "eve@example.net"],
    )  # fmt: skip
    assert taken.octets.startswith(b"From: ")
    assert taken.octets.endswith(b"Good day.\r\n")


def test_one_connection_for_several_letters() -> None:
    """It is kept as long as there are letters, and said good-bye to."""
    world = World(destination_sessions_max=1)
    remote = one_remote(world)
    for _ in range(20):
        world.take("bob@example.net")
    world.until(lambda: not world.queue)
    world.until(lambda: not remote.open_now)

    assert len(remote.letters) == 20
    assert remote.connections == 1
    assert remote.said[-1] == "QUIT"
    world.end()


def test_each_recipient_has_its_own_end(world: World) -> None:
    """A mix of answers: taken, refused, later; then the later one alone, once."""
    replies = [b"250 ok", b"550 5.1.1 no", b"450 4.2.1 not yet", b"250 ok"]
    remote = one_remote(world, script={"RCPT": replies})
    world.take("a@example.net", "b@example.net", "c@example.net")
    world.until(lambda: bool(world.inbox()))
    world.until(lambda: world.runner.is_idle)

    (letter,) = world.queue
    assert [row.address for row in letter.recipients] == ["c@example.net"]
    assert b"Final-Recipient: rfc822; b@example.net" in world.inbox()[0]
    world.clock.advance(1000)
    world.runner._look_soon(0)
    world.until(lambda: not world.queue)
    assert [t.recipients for t in remote.letters] == [["a@example.net"], ["c@example.net"]]


BAD = {
    "greeting garbage": {"GREETING": [GARBAGE]},
    "greeting endless": {"GREETING": [ENDLESS]},
    "greeting never": {"GREETING": [HANG]},
    "greeting 421": {"GREETING": [b"421 busy"]},
    "greeting 554": {"GREETING": [b"554 go away"]},
    "greeting drop": {"GREETING": [DROP]},
    "ehlo garbage": {"EHLO": [GARBAGE]},
    "ehlo 421": {"EHLO": [b"421 busy"]},
    "ehlo never": {"EHLO": [HANG]},
    "hello 550": {"EHLO": [b"550 no"], "HELO": [b"550 no"]},
    "mail 421": {"MAIL": [b"421 busy"]},
    "mail 451": {"MAIL": [b"451 later"]},
    "mail drop": {"MAIL": [DROP]},
    "mail garbage": {"MAIL": [GARBAGE]},
    "mail never": {"MAIL": [HANG]},
    "rcpt 421": {"RCPT": [b"421 busy"]},
    "rcpt 354": {"RCPT": [b"354 what"]},
    "rcpt 552": {"RCPT": [b"552 too many"]},
    "data 421": {"DATA": [b"421 busy"]},
    "data 451": {"DATA": [b"451 later"]},
    "data 250": {"DATA": [b"250 what"]},
    "data drop": {"DATA": [DROP]},
    "dot 421": {"DOT": [b"421 busy"]},
    "dot 452": {"DOT": [b"452 full"]},
    "dot garbage": {"DOT": [GARBAGE]},
    "dot drop": {"DOT": [DROP]},
    "dot endless": {"DOT": [ENDLESS]},
}


@pytest.mark.parametrize("fault", BAD)
def test_a_host_that_fails_is_tried_again(world: World, fault: str) -> None:
    """Whatever it does, the letter stays, the sender is not troubled, and once the host is well the
    letter arrives exactly once."""
    remote = one_remote(world, script=BAD[fault])
    world.take("bob@example.net")
    world.until(lambda: world.runner.is_idle and world.runner._sessions == 0)

    (letter,) = world.queue
    (row,) = letter.recipients
    assert (row.state, row.attempts) == (QueueState.WAITING, 1)
    assert row.answer
    assert world.inbox() == []
    assert remote.letters == []
    assert remote.connections <= 2
    remote.script = {}
    world.clock.advance(4000)
    world.runner._look_soon(0)
    world.until(lambda: not world.queue)
    assert len(remote.letters) == 1


def test_a_drop_between_dot_and_answer_is_the_one_that_may_repeat(world: World) -> None:
    """The host kept it and its 250 got lost: it is sent again, and the queue says why."""
    remote = one_remote(world, script={"DOT": [DROP, b"250 kept"]})
    world.take("bob@example.net")
    world.until(lambda: world.runner.is_idle and world.runner._sessions == 0)

    assert "may come twice" in world.queue[0].recipients[0].answer
    world.clock.advance(4000)
    world.runner._look_soon(0)
    world.until(lambda: not world.queue)
    assert len(remote.letters) == 1


def test_a_kept_connection_that_was_closed_costs_no_attempt() -> None:
    """The host closes an idle connection; the next letter goes by a new one at once."""
    world = World(destination_sessions_max=1)
    remote = one_remote(world, script={"MAIL": [b"250 ok", DROP, b"250 ok"]})
    world.take("bob@example.net")
    world.until(lambda: len(remote.letters) == 1 and not world.queue)
    world.take("bob@example.net")
    world.until(lambda: len(remote.letters) == 2 and not world.queue)

    assert remote.connections == 2
    world.end()


def test_a_connection_that_never_had_a_letter_and_was_closed_costs_no_attempt() -> None:
    """More connections than letters; the host stops for a moment and closes those that stand idle.
    The next letters go by new ones at once: no letter counts as tried."""
    world = World(idle_seconds_max=60, destination_sessions_max=2)
    remote = one_remote(world)
    world.take("bob@example.net")
    world.until(lambda: not world.queue)
    world.names.gate = asyncio.Event()
    for _ in range(3):
        world.take("bob@example.net")
    world.until(lambda: not world.queue)  # by the first connection; the second is still to come
    world.names.gate.set()
    lane = world.runner._lanes["example.net"]
    world.until(lambda: lane.idle_sessions == remote.open_now == 2)
    world.run(remote.stop())
    world.run(remote.start(remote.port))
    for _ in range(2):
        world.take("bob@example.net")
    world.until(lambda: not world.queue)

    assert len(remote.letters) == 6
    world.runner.shut_down()
    world.end()


def test_the_next_host_is_tried(world: World) -> None:
    """One that is not there, one that does not greet, then one that takes it."""
    remote = world.remote(script={"GREETING": [b"554 no", b"220 mx.example ESMTP"]})
    world.mx("example.net", "gone.example.net", "bad.example.net", "mx.example.net")
    world.names.hosts["gone.example.net"] = ["127.0.0.9"]
    world.begin()
    world.take("bob@example.net")
    world.until(lambda: not world.queue)

    assert remote.connections == 2


@pytest.mark.parametrize(
    ("records", "status"),
    [
        (None, b"5.1.2"),
        ([(0, ".")], b"5.1.10"),
        ([(5, "mail.example.org.")], b"5.4.6"),
        ([(5, "nowhere.example.")], b"5.4.4"),
    ],
)
def test_what_dns_says_for_good(world: World, records: Any, status: bytes) -> None:
    """No domain, null MX, ourselves, a host without address: the sender hears at once."""
    world.names.mx["example.net"] = records
    world.begin()
    world.take("bob@example.net", "eve@example.net")
    world.take("joe@example.net")
    world.until(lambda: not world.queue)

    assert len(world.inbox()) == 2
    assert b"Status: " + status in world.inbox()[0]


@pytest.mark.parametrize("part", ["mx", "address"])
def test_what_dns_cannot_say_waits(world: World, part: str) -> None:
    """SERVFAIL is no answer: the letter stays."""
    world.names.mx["example.net"] = [(5, "mx.example.net.")]
    world.names.hosts["mx.example.net"] = LookupFailed("SERVFAIL")
    if part == "mx":
        world.names.mx["example.net"] = LookupFailed("SERVFAIL")
    world.begin()
    world.take("bob@example.net")
    world.until(lambda: world.runner.is_idle)

    assert "4.4.3 DNS: SERVFAIL" in world.queue[0].recipients[0].answer


def test_a_host_that_is_ourselves(world: World) -> None:
    """It greets by our own name: the letter would go in a circle. RFC 5321 6.3"""
    remote = one_remote(world, script={"EHLO": [b"250-mail.example.org hi\r\n250 SIZE"]})
    world.take("bob@example.net")
    world.until(lambda: not world.queue)

    assert remote.letters == []
    assert b"5.4.6" in world.inbox()[0]


def test_many_recipients_go_in_parts(world: World) -> None:
    """As many as the host takes in one letter. RFC 9422 4.2"""
    remote = one_remote(world, extensions=["PIPELINING", "LIMITS RCPTMAX=2"])
    world.take(*[f"r{n}@example.net" for n in range(5)])
    world.until(lambda: not world.queue)

    assert [len(t.recipients) for t in remote.letters] == [2, 2, 1]


def test_too_many_recipients_follow_at_once(world: World) -> None:
    """A host that says 452 after some gets the others right after."""
    remote = one_remote(
        world, script={"RCPT": [b"250 ok", b"452 4.5.3 too many", b"452 4.5.3", b"250 ok"]}
    )
    world.take("a@example.net", "b@example.net", "c@example.net")
    world.until(lambda: not world.queue)

    assert [t.recipients for t in remote.letters] == [
        ["a@example.net"], ["b@example.net", "c@example.net"],
    ]  # fmt: skip


# ---- TLS and log-in


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_tls(authority: trustme.CA, name: str = "mx.example.net") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_tls_where_it_is_offered(world: World, authority: trustme.CA) -> None:
    """With any certificate; hello is said again. RFC 3207 4.2, RFC 7435"""
    remote = one_remote(world, tls=server_tls(authority, "other.example"))
    world.take("bob@example.net")
    world.until(lambda: not world.queue)

    assert remote.letters[0].tls
    assert [line.split()[0] for line in remote.said[:3]] == ["EHLO", "STARTTLS", "EHLO"]


@pytest.mark.parametrize("reply", [b"454 no", b"220 go", DROP, HANG, GARBAGE])
def test_tls_that_fails_is_done_without(world: World, reply: bytes) -> None:
    """Opportunistic: the letter goes in the open, by a new connection where it must."""
    remote = one_remote(world, extensions=["PIPELINING", "STARTTLS"], script={"STARTTLS": [reply]})
    world.take("bob@example.net")
    world.until(lambda: not world.queue)

    assert not remote.letters[0].tls


def smart(world: World, remote: Remote, tls: str, **login: str) -> None:
    world.relay = RelaySettings(
        smart_host=f"localhost:{remote.port}",
        smart_host_tls=tls,
        smart_host_user=login.get("user", ""),
        smart_host_password_file=login.get("file", ""),
    )
    world.names.hosts["localhost"] = ["127.0.0.1"]
    world.begin()


def test_a_smart_host_takes_everything(world: World, authority: trustme.CA, tmp_path: Any) -> None:
    """Verified TLS, AUTH, and one destination for all domains."""
    password = tmp_path / "password"
    password.write_text("secret\n")
    remote = world.remote(
        tls=server_tls(authority, "localhost"), extensions=["PIPELINING", "AUTH PLAIN"]
    )
    context = ssl.create_default_context()
    authority.configure_trust(context)
    world.contexts = Contexts(context)
    smart(world, remote, "verify", user="ann", file=str(password))
    world.take("bob@example.net", "eve@example.com")
    world.until(lambda: not world.queue)

    (taken,) = remote.letters
    assert taken.tls
    assert taken.recipients == ["bob@example.net", "eve@example.com"]
    assert "AUTH PLAIN AGFubgBzZWNyZXQ=" in remote.said


@pytest.mark.parametrize(
    ("tls", "offers"), [("must", False), ("verify", True), ("must", True), ("implicit", False)]
)
def test_wanted_tls_that_cannot_be_had_keeps_the_letter(
    world: World, authority: trustme.CA, tls: str, offers: bool
) -> None:
    """Never in the open, never to a stranger; `must` alone takes any certificate."""
    remote = world.remote(tls=server_tls(authority) if offers else None)
    smart(world, remote, tls)
    world.take("bob@example.net")
    if (tls, offers) == ("must", True):
        world.until(lambda: not world.queue)
        assert remote.letters[0].tls
        return
    world.until(lambda: world.runner.is_idle and bool(world.queue[0].recipients[0].attempts))

    assert remote.letters == []
    assert "TLS" in world.queue[0].recipients[0].answer


def test_a_log_in_that_fails_keeps_the_letter(world: World, tmp_path: Any) -> None:
    """A wrong password is our fault, not the letter's."""
    password = tmp_path / "password"
    password.write_text("wrong\n")
    remote = world.remote(extensions=["AUTH PLAIN"], script={"AUTH": [b"535 5.7.8 no"]})
    smart(world, remote, "may", user="ann", file=str(password))
    world.take("bob@example.net")
    world.until(lambda: world.runner.is_idle)

    assert "535" not in str(world.inbox())
    assert "5.7.8" not in world.queue[0].recipients[0].answer[:4]
    assert world.inbox() == []


def test_lmtp_by_a_route(world: World) -> None:
    """One answer a recipient; the words of RFC 2033."""
    remote = world.remote(script={"LHLO": [b"250-mx\r\n250 PIPELINING"]})
    world.routes = (Route(domain="example.net", to=f"127.0.0.1:{remote.port}", protocol="lmtp"),)
    world.begin()
    world.take("bob@example.net")
    world.until(lambda: not world.queue)

    assert remote.said[0].startswith("LHLO")
