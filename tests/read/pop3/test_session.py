"""The whole station through core, visit and connection, over the store in memory."""

import hashlib
from pathlib import Path

import pytest

from imap_house import Client
from imap_station_talk import plain_letter
from pop3_house import SHORT, Pop3World
from posthouse.mail.render import render
from posthouse.store.values import (
    INBOX,
    SEEN,
    Deliver,
    Expunge,
    FlagChange,
    NewBody,
    Place,
    RemoveAccount,
    SetFlags,
    Why,
)
from posthouse.wire.pop3.limits import Pop3Limits
from turn import run_now


@pytest.fixture(params=[False, True], ids=["prompt", "slow"])
def world(tmp_path: Path, request: pytest.FixtureRequest) -> Pop3World:
    """Three letters in ann's INBOX."""
    world = Pop3World(tmp_path, slow=request.param)
    world.letters(3)
    return world


def large(world: Pop3World, octets: bytes) -> None:
    """A letter whose body stands in a file."""
    body = world.ids.letter()
    writer = world.files.start(body)
    writer.write(octets)
    writer.finish()
    place = Place(1, INBOX)
    new = NewBody(body, hashlib.sha256(octets).digest(), len(octets), None)
    run_now(world.memory.commit(Deliver(new, render(octets, 0), 0, (place,))))


def no_faults(world: Pop3World) -> bool:
    return not [line for line in world.lines if b"traceback" in line]


def test_a_letter_is_fetched_whole(world: Pop3World) -> None:
    """Sizes and octets are those of the letter, dots stuffed."""
    client = world.opened()
    octets = SHORT % b"2"

    assert client.say("STAT") == b"+OK 3 %d\r\n" % (3 * len(octets))
    assert client.say("RETR 2") == (
        b"+OK %d octets\r\n%b.\r\n" % (len(octets), octets.replace(b"\r\n.", b"\r\n.."))
    )
    assert client.say("TOP 2 1").endswith(b"\r\n\r\n..one\r\n.\r\n")
    assert no_faults(world)


def test_unique_ids_stay(world: Pop3World) -> None:
    """The same letter has the same id in the next session, a new one another."""
    client = world.opened()
    before = client.say("UIDL")
    client.say("DELE 1")
    client.say("QUIT")
    world.letter(plain_letter("new"))
    after = world.opened().say("UIDL")

    ids = [dict(line.split() for line in said.split(b"\r\n")[1:-2]) for said in (before, after)]
    assert ids[1][b"1"] == ids[0][b"2"]
    assert ids[1][b"2"] == ids[0][b"3"]
    assert ids[1][b"3"] not in ids[0].values()


def test_only_quit_deletes(world: Pop3World) -> None:
    """A lost connection, a time-out and a stopping server delete nothing. RFC 1939 6"""
    lost = world.opened()
    assert lost.say("DELE 1").startswith(b"+OK")
    lost.hang_up()
    assert world.is_free()
    late = world.opened()
    late.say("DELE 1")
    late.connection._core.timed_out()
    late.connection.flush()
    assert world.is_free()
    assert late.take() == b""
    stopped = world.opened()
    stopped.say("DELE 1")
    stopped.connection.shut_down()
    assert world.is_free()
    assert world.uids() == [1, 2, 3]

    client = world.opened()
    client.say("DELE 1")
    client.say("DELE 3")
    assert world.uids() == [1, 2, 3]
    assert client.say("QUIT") == b"+OK Good-bye, 2 deleted\r\n"
    assert client.is_closed
    assert world.uids() == [2]
    assert world.is_free()


@pytest.mark.parametrize("why", [Why.AWAY, Why.FULL, Why.OURS])
def test_deletions_fail_together(world: Pop3World, why: Why) -> None:
    """When the store says no, nothing is deleted and the client hears it; the drop is free."""
    client = world.opened()
    client.say("DELE 1")
    client.say("DELE 2")
    world.fickle.why = why
    assert client.say("QUIT").startswith(b"-ERR [SYS/TEMP] ")
    assert client.is_closed
    world.fickle.why = None

    assert world.uids() == [1, 2, 3]


def test_a_stolen_drop_is_not_changed(world: Pop3World) -> None:
    """A session that slept so long that another one got the drop deletes nothing."""
    client = world.opened()
    client.say("DELE 1")
    world.clock.advance(100)
    world.keep("thief")

    assert client.say("QUIT").startswith(b"-ERR [IN-USE] ")
    assert world.uids() == [1, 2, 3]
    assert not world.is_free()


def test_what_imap_removed_is_told(world: Pop3World) -> None:
    """Numbers stay; fetching says what happened, deleting it once more is no error."""
    client = world.opened()
    run_now(world.memory.commit(Expunge(1, INBOX, ((2, 2),), any_flag=True)))

    assert client.say("STAT").startswith(b"+OK 3 ")
    assert client.say("RETR 2").startswith(b"-ERR This message was removed")
    assert client.say("RETR 3").startswith(b"+OK ")
    assert client.say("DELE 2").startswith(b"+OK ")
    assert client.say("QUIT") == b"+OK Good-bye, 1 deleted\r\n"
    assert world.uids() == [1, 3]


def test_what_came_meanwhile_waits_for_the_next_session(world: Pop3World) -> None:
    """The drop is as it was at log-in."""
    client = world.opened()
    world.letter(plain_letter("new"))

    assert client.say("STAT").startswith(b"+OK 3 ")
    client.say("QUIT")
    assert world.opened().say("STAT").startswith(b"+OK 4 ")


@pytest.mark.parametrize("count", [1, 65_536, 200_000])
def test_large_letters_come_in_pieces(world: Pop3World, count: int) -> None:
    """Whole, in order, dots stuffed at every border, and TOP takes no more than it needs."""
    octets = b"Subject: large\r\n\r\n" + b"...\r\n" * count
    large(world, octets)
    client = world.opened()

    said = client.say("RETR 4")
    assert said == b"+OK %d octets\r\n%b.\r\n" % (
        len(octets), octets.replace(b"\r\n.", b"\r\n.."),
    )  # fmt: skip
    assert client.say("TOP 4 1") == b"+OK Top follows\r\nSubject: large\r\n\r\n....\r\n.\r\n"
    assert no_faults(world)


def test_a_client_that_does_not_read_is_waited_for(world: Pop3World) -> None:
    """Output is not piled up: pieces are read when those before were taken."""
    large(world, b"Subject: large\r\n\r\n" + b"x\r\n" * 500_000)
    client = world.opened()
    client.send(b"RETR 4\r\n")
    client._call(client.connection.pause_writing)
    world.turns(50)
    held = len(client.take())
    assert 0 < held < 600_000
    client._call(client.connection.resume_writing)
    world.settle()

    assert held + len(client.take()) > 1_500_000
    assert client.say("NOOP").startswith(b"+OK")


def test_a_lost_body_is_an_error_and_no_end(world: Pop3World) -> None:
    """What is lost at the start is refused; in the middle the connection breaks, without an end."""
    large(world, b"Subject: large\r\n\r\n" + b"x\r\n" * 500_000)
    client = world.opened()
    world.fickle.bodies_gone = True
    assert client.say("RETR 4").startswith(b"-ERR ")
    world.fickle.bodies_gone = False
    client.send(b"RETR 4\r\n")
    client._call(client.connection.pause_writing)
    world.turns(50)
    world.fickle.bodies_gone = True
    client._call(client.connection.resume_writing)
    world.settle()

    assert client.is_closed
    assert not client.take().endswith(b"\r\n.\r\n")
    assert [line for line in world.lines if b"pop3.body_lost" in line]


def test_the_account_may_go_meanwhile(world: Pop3World) -> None:
    """QUIT says so; nothing breaks."""
    client = world.opened()
    client.say("DELE 1")
    run_now(world.memory.commit(RemoveAccount(1)))

    assert client.say("QUIT").startswith(b"-ERR [SYS/PERM] ")
    assert no_faults(world)


def flags(world: Pop3World) -> list[int]:
    async def read() -> list[int]:
        found = world.memory.letters(1, INBOX, ((1, 99),), ("flags",))
        return [row[0] for rows in [rows async for rows in found] for row in rows]

    return run_now(read())


def test_fetched_letters_are_seen_where_wanted(tmp_path: Path) -> None:
    """mark_seen: letters that were sent whole, at QUIT or when the connection is lost; by default
    none."""
    world = Pop3World(tmp_path, mark_seen=True)
    world.letters(4)
    run_now(world.memory.commit(SetFlags(1, INBOX, ((4, 4),), FlagChange.ADD, 4, "")))
    client = world.opened()
    for command in ("RETR 1", "TOP 2 0", "RETR 4", "DELE 3", "QUIT"):
        client.say(command)
    assert flags(world) == [SEEN, 0, SEEN | 4]
    client = world.opened()
    client.say("RETR 2")
    client.hang_up()
    world.settle()
    assert flags(world) == [SEEN, SEEN, SEEN | 4]


def test_seen_is_not_set_by_default(world: Pop3World) -> None:
    """Fetching changes nothing."""
    client = world.opened()
    client.say("RETR 1")
    client.say("QUIT")

    assert flags(world) == [0, 0, 0]


def test_the_gauge_counts_sessions(world: Pop3World) -> None:
    """Open ones, and each letter that was sent."""
    one = world.opened()
    world.client()
    assert world.row.values[_index("pop3_sessions")] == 2
    one.say("RETR 1")
    one.say("DELE 1")
    one.say("QUIT")

    assert world.row.values[_index("pop3_sessions")] == 1
    assert world.row.values[_index("pop3_letters_total")] == 1
    assert world.row.values[_index("pop3_deleted_total")] == 1


def _index(name: str) -> int:
    from posthouse.base.metrics import METRICS

    return [metric.name for metric in METRICS].index(name)


def test_a_thousand_letters_are_listed_whole(tmp_path: Path) -> None:
    """A drop of several slices is opened, listed and deleted as one."""
    world = Pop3World(tmp_path, slow=True)
    octets = SHORT % b"x"
    for _ in range(2600):
        world.letter(octets)
    client = world.opened()
    lines = client.say("LIST").split(b"\r\n")
    assert lines[1:-2] == [b"%d %d" % (n, len(octets)) for n in range(1, 2601)]
    client.send(b"".join(b"DELE %d\r\n" % n for n in range(1, 2601, 2)))
    world.settle()
    assert client.take().count(b"+OK") == 1300
    assert client.say("QUIT") == b"+OK Good-bye, 1300 deleted\r\n"
    assert world.uids() == list(range(2, 2601, 2))


def test_silence_before_log_in_is_short(tmp_path: Path) -> None:
    """The limit that the census keeps is the core's."""
    world = Pop3World(tmp_path, limits=Pop3Limits(login_seconds_max=10))
    client: Client = world.client()
    now = world.loop.time()
    client.connection.look(now)
    client.connection.look(now + 9)
    assert not client.is_closed
    client.connection.look(now + 11)
    assert client.is_closed
