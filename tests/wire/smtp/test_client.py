"""The SMTP client core: transcripts, our own server as its peer, and octets of strangers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_talk import play_client
from posthouse.wire.smtp.client import SmtpClient, Stage
from posthouse.wire.smtp.client_limits import ClientLimits
from posthouse.wire.smtp.outgoing import Outgoing, OutgoingRecipient
from posthouse.wire.smtp.questions import BodyComplete, BodyPiece
from posthouse.wire.smtp.server import SmtpServer
from posthouse.wire.smtp.service import SmtpService
from talk import CUTTERS, Cutter, Talk, all_talks


@pytest.mark.parametrize("cut", CUTTERS, ids=lambda cut: cut.__name__)
@pytest.mark.parametrize("talk", all_talks("wire/smtp_client"), ids=lambda talk: talk.name)
def test_talk(talk: Talk, cut: Cutter) -> None:
    """The client says what the transcript says, however the network cuts the octets."""
    assert play_client(talk, cut) == talk.expected


class Pair:
    """The client and our own server, joined in memory."""

    def __init__(self, limits: ClientLimits | None = None) -> None:
        self.client = SmtpClient(limits or ClientLimits())
        self.server = SmtpServer(SmtpService("mx.example"))
        self.letters: list[bytes] = []
        self._pieces = b""
        self.turn()
        self.client.hello("post.example")
        self.turn()
        assert self.client.is_extended

    def turn(self) -> None:
        """Until both are quiet."""
        while True:
            while (question := self.server.next_question()) is not None:
                if isinstance(question, BodyPiece):
                    self._pieces += question.data
                if isinstance(question, BodyComplete):
                    self.letters.append(self._pieces + question.data)
                    self._pieces = b""
                self.server.answer(None)
            said = self.server.take_output()
            if said:
                self.client.receive(said)
            heard = self.client.take_output()
            if heard:
                self.server.receive(heard)
            if not said and not heard:
                return

    def send(self, body: bytes, cut: int, *, ahead: bool) -> None:
        """One letter in pieces of `cut` octets."""
        recipients = (OutgoingRecipient(address="bob@example.net"),)
        letter = Outgoing(sender="ann@example.org", recipients=recipients, size=len(body))
        self.client.begin(letter, body if ahead else None)
        self.turn()
        at = 0
        while self.client.wants_body:
            self.client.body(body[at : at + cut], is_last=at + cut >= len(body))
            at += cut
            self.turn()
        assert self.client.done
        assert [r.code for r in self.client.results if r] == [250], self.client.results


LINES = st.lists(
    st.sampled_from([b"", b".", b"..", b".x", b"x", b"a b", b"." * 9, b"y" * 300]), max_size=9
)


@given(LINES, st.integers(1, 40), st.booleans(), st.booleans(), st.booleans())
def test_octets_arrive_as_they_were(
    lines: list[bytes], cut: int, chunking: bool, ahead: bool, ends: bool
) -> None:
    """Whatever the dots, pieces and extensions: the server has the letter, octet for octet."""
    pair = Pair(ClientLimits(chunking=chunking))
    body = b"\r\n".join(lines) + (b"\r\n" if ends or not chunking else b"")
    for _ in range(2):
        pair.send(body, cut, ahead=ahead)

    assert pair.letters == [body, body]
    assert not pair.client.fault


def test_a_large_letter_goes_in_pieces() -> None:
    """It does not follow its envelope before the recipients were taken."""
    pair = Pair()
    body = b"0123456789abcdef" * 40_000
    pair.send(body, 65_536, ahead=True)

    assert pair.letters == [body]


@given(st.lists(st.binary(max_size=300), max_size=20), st.integers(0, 4))
def test_no_octets_of_a_stranger_raise(flights: list[bytes], order: int) -> None:
    """Any answer at any stage: results, or a fault; never an exception, never a promise."""
    client = SmtpClient(ClientLimits())
    letter = Outgoing(sender="", recipients=(OutgoingRecipient(address="a@b.example"),) * 2, size=3)
    orders = [
        lambda: client.hello("p"),
        client.start_tls,
        lambda: client.authenticate("u", "p"),
        lambda: client.begin(letter, b"x\r\n"),
        client.quit,
    ]
    for flight in flights:
        client.receive(flight)
        if client.wants_body:
            client.body(b"x\r\n", is_last=True)
        elif client.done and not client.fault and not client.starting_tls:
            orders[order]()
        client.take_output()
        assert client.seconds_max > 0
    client.lost("gone")

    assert client.done
    assert client.fault


@given(st.lists(st.sampled_from([
    b"220 x\r\n", b"250 x\r\n", b"250-PIPELINING\r\n",
    b"250-x\r\n250-CHUNKING\r\n250 PIPELINING\r\n",
    b"354 x\r\n", b"421 x\r\n", b"450 x\r\n", b"550 x\r\n", b"334 x\r\n", b"250", b"-", b"\n",
]), max_size=30))  # fmt: skip
def test_no_order_of_replies_raises(flights: list[bytes]) -> None:
    """Well-formed replies in any order leave each letter with one result a recipient."""
    client = SmtpClient(ClientLimits())
    recipients = tuple(OutgoingRecipient(address=f"{n}@b.example") for n in range(3))
    letter = Outgoing(sender="", recipients=recipients, size=3)
    letters = 0
    for flight in flights:
        client.receive(flight)
        while client.wants_body:
            client.body(b"x\r\n", is_last=True)
        if client.done and not client.fault:
            assert not letters or len(client.results) == 3
            if client.is_extended:
                letters += 1
                client.begin(letter, b"x\r\n")
            else:
                client.hello("p")
        client.take_output()


def test_how_long_is_waited() -> None:
    """Each stage has its own limit. RFC 5321 4.5.3.2"""
    client = SmtpClient(ClientLimits())
    stages = [(client.stage, client.seconds_max)]
    client.receive(b"220 x\r\n")
    client.hello("p")
    stages.append((client.stage, client.seconds_max))
    client.receive(b"250-x\r\n250 PIPELINING\r\n")
    client.begin(Outgoing(sender="", recipients=(OutgoingRecipient(address="a@b"),), size=1))
    client.receive(b"250 x\r\n250 x\r\n")
    stages.append((client.stage, client.seconds_max))
    client.receive(b"354 x\r\n")
    stages.append((client.stage, client.seconds_max))
    client.body(b"x", is_last=True)
    stages.append((client.stage, client.seconds_max))

    assert stages == [
        (Stage.GREETING, 300), (Stage.COMMAND, 300), (Stage.DATA, 120), (Stage.BLOCK, 180),
        (Stage.DOT, 600),
    ]  # fmt: skip


def test_auth_that_is_not_offered() -> None:
    """No password leaves us then."""
    client = SmtpClient(ClientLimits())
    client.receive(b"220 x\r\n")
    client.authenticate("u", "p")

    assert client.take_output() == b""
    assert client.reply is not None
    assert client.reply.code == 502
