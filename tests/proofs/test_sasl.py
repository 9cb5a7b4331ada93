"""SASL exchanges against the vectors of RFC 7677 and against what clients send."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.proofs.sasl import (
    OCTETS_MAX,
    Challenge,
    Failed,
    KeysWanted,
    Login,
    PasswordOffered,
    Plain,
    Proved,
    ScramKeys,
    ScramSha256,
    scram_keys,
)
from scram_client import ScramClient

CLIENT_NONCE = "rOprNGfwEbeRWgbNEkqO"
SERVER_NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
FINAL = (
    f"c=biws,r={CLIENT_NONCE}{SERVER_NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
).encode()


def begun(header: str = "n,,") -> ScramSha256:
    """The example exchange of RFC 7677 3 up to the server's first message."""
    exchange = ScramSha256(SERVER_NONCE)
    step = exchange.step(f"{header}n=user,r={CLIENT_NONCE}".encode())
    assert step == KeysWanted("user")
    exchange.keys(scram_keys("pencil", SALT, 4096))
    return exchange


def test_the_example_of_rfc_7677() -> None:
    """The exchange of RFC 7677 3 gives its own messages."""
    exchange = ScramSha256(SERVER_NONCE)

    assert exchange.step(f"n,,n=user,r={CLIENT_NONCE}".encode()) == KeysWanted("user")
    assert exchange.keys(scram_keys("pencil", SALT, 4096)) == Challenge(
        f"r={CLIENT_NONCE}{SERVER_NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096".encode()
    )
    assert exchange.step(FINAL) == Proved("user", b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")


@pytest.mark.parametrize(
    ("final", "is_malformed"),
    [
        (FINAL.replace(b"dHzb", b"dHzc"), False),
        (FINAL.replace(b"c=biws", b"c=eSws"), True),
        (FINAL.replace(b"rOpr", b"rOpx"), True),
        (FINAL.rpartition(b",p=")[0], True),
        (FINAL[:-4], True),
        (FINAL.rpartition(b",p=")[0] + b",p=QUJD", True),
        (b"", True),
        (b"\xff\xfe", True),
        (b"x" * (OCTETS_MAX + 1), True),
    ],
)
def test_a_wrong_last_message_proves_nothing(final: bytes, is_malformed: bool) -> None:
    """A wrong proof, binding, nonce or form fails, and only a wrong proof counts as a guess."""
    step = begun().step(final)

    assert isinstance(step, Failed)
    assert step.malformed is is_malformed


@pytest.mark.parametrize(
    "first", [b"", b"n,,", b"p=tls-unique,,n=user,r=x", b"n,,n=,r=x", b"n,,n=user", b"q,,n=u,r=x",
              b"n,b=x,n=user,r=x", b"n=user,r=x", b"n,,r=x,n=user", b"\xff,,n=u,r=x"],
)  # fmt: skip
def test_a_wrong_first_message_is_malformed(first: bytes) -> None:
    """What has no GS2 header, name or nonce is refused at once."""
    step = ScramSha256("abc").step(first)

    assert isinstance(step, Failed)
    assert step.malformed


def test_names_are_unescaped_and_authorization_is_kept() -> None:
    """=2C and =3D stand for comma and equals sign. RFC 5802 5.1"""
    exchange = ScramSha256("abc")

    assert exchange.step(b"n,a=boss,n=a=2Cb=3Dc,r=x") == KeysWanted("a,b=c")


def test_keys_read_back() -> None:
    """What the directory keeps gives the same keys again."""
    keys = scram_keys("密码", b"salt", 4096)

    assert ScramKeys.read(keys.text()) == keys
    with pytest.raises(ValueError, match=r".*"):
        ScramKeys.read("nonsense")


def test_keys_are_those_of_the_rfc() -> None:
    """StoredKey is the hash of the client key, from the same salted password. RFC 5802 3"""
    keys = scram_keys("pencil", SALT, 4096)
    salted = hashlib.pbkdf2_hmac("sha256", b"pencil", SALT, 4096)
    client_key = hmac.new(salted, b"Client Key", hashlib.sha256).digest()

    assert keys.stored_key == hashlib.sha256(client_key).digest()


@pytest.mark.parametrize(
    ("octets", "step"),
    [
        (b"\0ann\0secret", PasswordOffered("ann", "secret", "")),
        (b"ann\0ann\0secret", PasswordOffered("ann", "secret", "ann")),
        ("\0安\0e\u0301".encode(), PasswordOffered("安", "é", "")),
    ],
)
def test_plain(octets: bytes, step: PasswordOffered) -> None:
    """Authorization, login, password; composed characters."""
    assert Plain().step(octets) == step


@pytest.mark.parametrize(
    "octets", [b"", b"ann", b"\0ann", b"\0ann\0", b"\0\0x", b"a\0b\0c\0d", b"\0\xff\0x",
               b"\0a\0" + b"x" * OCTETS_MAX],
)  # fmt: skip
def test_plain_in_another_form_is_malformed(octets: bytes) -> None:
    """Anything but three parts of UTF-8 is refused."""
    step = Plain().step(octets)

    assert isinstance(step, Failed)
    assert step.malformed


def test_login_asks_for_the_password_after_the_name() -> None:
    """The name may come with the command or after the first prompt."""
    exchange = Login()

    assert exchange.step(b"ann") == Challenge(b"Password:")
    assert exchange.step(b"secret") == PasswordOffered("ann", "secret")


@pytest.mark.parametrize("octets", [b"", b"\xff", b"a\0b", b"x" * (OCTETS_MAX + 1)])
def test_login_in_another_form_is_malformed(octets: bytes) -> None:
    """Empty names, NULs and what is not UTF-8 are refused."""
    assert isinstance(Login().step(octets), Failed)


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_no_octets_raise(messages: list[bytes]) -> None:
    """Whatever a client sends, a step comes back."""
    exchange: Plain | Login | ScramSha256
    for exchange in (Plain(), Login(), ScramSha256("abc")):
        for octets in messages:
            step = exchange.step(octets)
            if isinstance(step, KeysWanted):
                assert isinstance(exchange, ScramSha256)
                exchange.keys(ScramKeys(4096, b"s", b"k" * 32, b"k" * 32))
            elif not isinstance(step, Challenge):
                break


def plus(flag: str, *, end_point: bytes = b"", is_plus: bool = False) -> bool:
    """Whether the exchange goes on after a client's first message with this flag."""
    exchange = ScramSha256("abc", end_point=end_point, is_plus=is_plus)
    return exchange.step(f"{flag},,n=user,r=x".encode()) == KeysWanted("user")


def test_the_flag_fits_what_was_offered() -> None:
    """n: cannot bind; y: could, and saw no offer, which is a lie once we made one. RFC 5802 6"""
    binding = "p=tls-server-end-point"
    assert plus("n")
    assert plus("y")
    assert not plus(binding)
    assert plus("n", end_point=b"hash")
    assert not plus("y", end_point=b"hash")
    assert not plus(binding, end_point=b"hash")
    assert plus(binding, end_point=b"hash", is_plus=True)
    for flag in ("n", "y", "p=tls-unique", "p=tls-exporter"):
        assert not plus(flag, end_point=b"hash", is_plus=True)


@pytest.mark.parametrize(("bound_to", "proves"), [(b"hash", True), (b"other", False), (b"", False)])
def test_a_bound_exchange_proves_its_session_only(bound_to: bytes, proves: bool) -> None:
    """The client's last message holds what its own TLS session showed it. RFC 5802 7"""
    client = ScramClient("user", "pencil", bound_to or b"none")
    exchange = ScramSha256("abc", end_point=b"hash", is_plus=True)
    exchange.step(base64.b64decode(client.first()))
    challenge = exchange.keys(scram_keys("pencil", SALT, 4096))
    step = exchange.step(
        base64.b64decode(client.final(base64.b64encode(challenge.octets).decode()))
    )

    assert isinstance(step, Proved) is proves
