"""Log-ins by password and by SASL, and what locks the drop."""

import base64
import hashlib
import hmac
from pathlib import Path

import pytest

from imap_house import PASSWORD
from pop3_house import Pop3World
from posthouse.proofs.sasl import scram_keys
from posthouse.store.values import Credential, SetAccount, Why
from turn import run_now


@pytest.fixture(params=[False, True], ids=["prompt", "slow"])
def world(tmp_path: Path, request: pytest.FixtureRequest) -> Pop3World:
    world = Pop3World(tmp_path, slow=request.param)
    world.letters(2)
    return world


def b64(octets: bytes) -> bytes:
    return base64.b64encode(octets)


def test_a_wrong_password_is_told_and_may_be_mended(world: Pop3World) -> None:
    """[AUTH], and the same connection may try again; unknown people look the same."""
    client = world.client()
    client.say("USER ann@example.org")
    wrong = client.say("PASS nonsense")
    client.say("USER nobody@example.org")
    assert client.say("PASS nonsense") == wrong == b"-ERR [AUTH] Wrong name or password\r\n"
    client.say("USER ann@example.org")
    assert client.say(f"PASS {PASSWORD}").startswith(b"+OK Welcome, 2 messages")


def test_guessers_wait(world: Pop3World) -> None:
    """Failures are slowed by the guard of all doors."""
    client = world.client()
    for _ in range(6):
        client.say("USER ann@example.org")
        client.say("PASS nonsense")

    assert world.guard_waits == [1.0, 2.0, 4.0]


def test_plain_and_login(world: Pop3World) -> None:
    """With and without an initial response."""
    plain = b64(b"\0ann@example.org\0" + PASSWORD.encode())
    one = world.client()
    assert one.say(b"AUTH PLAIN " + plain).split(b"\r\n")[-2].startswith(b"+OK Welcome")
    one.say("QUIT")
    two = world.client()
    assert two.say("AUTH PLAIN").endswith(b"+ \r\n")
    assert two.say(plain).startswith(b"+OK Welcome")
    two.say("QUIT")
    three = world.client()
    assert three.say("AUTH LOGIN").endswith(b"+ VXNlcm5hbWU6\r\n")
    assert three.say(b64(b"ann@example.org")) == b"+ UGFzc3dvcmQ6\r\n"
    assert three.say(b64(PASSWORD.encode())).startswith(b"+OK Welcome")


def test_broken_messages_are_no_wrong_password(world: Pop3World) -> None:
    """A syntax error has no [AUTH]."""
    client = world.client()
    assert client.say(b"AUTH PLAIN " + b64(b"abc")).endswith(
        b"-ERR Cannot read this authentication message\r\n"
    )


@pytest.mark.parametrize("password", [PASSWORD, "nonsense"])
def test_scram(world: Pop3World, password: str) -> None:
    """The server proves itself too, before the drop opens. RFC 5802 3, 5034 4"""
    keys = scram_keys(PASSWORD, b"0123456789abcdef", 4096)
    both = (
        *run_now(world.memory.credentials(1)),
        Credential("scram-sha-256", keys.text()),
    )
    run_now(world.memory.commit(SetAccount(1, credentials=both)))
    client = world.client()
    bare = b"n=ann@example.org,r=abc"
    said = client.say(b"AUTH SCRAM-SHA-256 " + b64(b"n,," + bare)).split(b"\r\n")[-2]
    first = base64.b64decode(said[2:])
    nonce = first.split(b",")[0]
    without_proof = b"c=biws," + nonce
    signed = bare + b"," + first + b"," + without_proof
    mine = hmac.digest(
        hashlib.pbkdf2_hmac("sha256", password.encode(), b"0123456789abcdef", 4096),
        b"Client Key",
        "sha256",
    )
    signature = hmac.digest(hashlib.sha256(mine).digest(), signed, "sha256")
    proof = bytes(a ^ b for a, b in zip(mine, signature, strict=True))
    final = client.say(b64(without_proof + b",p=" + b64(proof)))
    if password != PASSWORD:
        assert final.startswith(b"-ERR [AUTH]")
        return
    assert base64.b64decode(final[2:]) == b"v=" + b64(
        hmac.digest(keys.server_key, signed, "sha256")
    )
    assert client.say("").startswith(b"+OK Welcome, 2 messages")
    assert client.say("STAT").startswith(b"+OK 2 ")


def test_an_exchange_that_was_cancelled_is_forgotten(world: Pop3World) -> None:
    """Another one may begin."""
    client = world.client()
    client.say("AUTH PLAIN")
    assert client.say("*").startswith(b"-ERR")
    assert client.say("AUTH LOGIN").startswith(b"+ ")


def test_a_mechanism_that_the_house_has_not(world: Pop3World) -> None:
    """What was offered and is gone is refused."""
    client = world.client()
    world.pop3.offer.mechanisms = (*world.pop3.offer.mechanisms, "X")
    assert client.say("AUTH X").endswith(b"-ERR That mechanism is not offered here\r\n")


def test_one_session_at_a_time(world: Pop3World) -> None:
    """The second one hears [IN-USE], may try again, and gets it when the first one left."""
    first = world.opened()
    second = world.client()
    second.say("USER ann@example.org")
    assert second.say(f"PASS {PASSWORD}").startswith(b"-ERR [IN-USE] ")
    other = world.opened("bob")
    assert other.say("STAT") == b"+OK 0 0\r\n"
    first.say("QUIT")
    second.say("USER ann@example.org")
    assert second.say(f"PASS {PASSWORD}").startswith(b"+OK Welcome")


def test_a_refused_session_does_not_free_the_drop(world: Pop3World) -> None:
    """The one who has it keeps it, whatever happens to those who have not."""
    world.opened()
    second = world.client()
    second.say("USER ann@example.org")
    second.say(f"PASS {PASSWORD}")
    second.hang_up()

    assert not world.is_free()


def test_a_store_that_is_away(world: Pop3World) -> None:
    """[SYS/TEMP]: the password may be right all the same; nothing stays locked."""
    client = world.client()
    world.fickle.why = Why.AWAY
    client.say("USER ann@example.org")
    assert client.say(f"PASS {PASSWORD}").startswith(b"-ERR [SYS/TEMP] ")
    world.fickle.why = None
    assert world.is_free()


def test_a_client_that_leaves_while_it_logs_in(tmp_path: Path) -> None:
    """The drop is free again, however far the log-in had come."""
    for turns in range(12):
        world = Pop3World(tmp_path / str(turns), slow=True)
        world.letters(3)
        client = world.client()
        client.send(f"USER ann@example.org\r\nPASS {PASSWORD}\r\n".encode())
        world.turns(turns)
        client.hang_up()
        assert world.is_free(), turns
        world.close()


def test_an_account_without_inbox_is_no_drop(world: Pop3World) -> None:
    """What cannot be is refused as such."""
    client = world.client()

    async def none(*_: int) -> None:
        return None

    world.fickle.mailbox = none  # type: ignore[attr-defined]
    client.say("USER ann@example.org")
    assert client.say(f"PASS {PASSWORD}").startswith(b"-ERR [SYS/PERM] ")
    assert world.is_free()
