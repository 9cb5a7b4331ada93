"""The tunnel: octets in, octets out, no socket."""

import contextlib
import ssl

import pytest

from net_world import contexts
from posthouse.net.tls import IN_SLICE_OCTETS, OUT_SLICE_OCTETS, Tunnel

Pair = tuple[ssl.SSLContext, ssl.SSLContext]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return contexts(tmp_path_factory.mktemp("tls"))


class Peer:
    """The client's end over memory, joined to a tunnel."""

    def __init__(self, pair: Pair) -> None:
        self.tunnel = Tunnel(pair[0])
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.inside = pair[1].wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")

    def shake(self) -> None:
        while not self.tunnel.stands:
            with contextlib.suppress(ssl.SSLWantReadError):
                self.inside.do_handshake()
            assert self.tunnel.receive(self.outgoing.read()) == b""
            self.incoming.write(self.tunnel.take())

    def says(self, octets: bytes) -> bytes:
        """What the tunnel makes of it."""
        self.inside.write(octets)
        return self.tunnel.receive(self.outgoing.read())

    def reads(self, wire: bytes) -> bytes:
        self.incoming.write(wire)
        pieces = []
        try:
            while piece := self.inside.read(65_536):
                pieces.append(piece)
        except ssl.SSLWantReadError:
            pass
        return b"".join(pieces)


@pytest.mark.parametrize("count", [1, 100, 4096, 16_384, 16_385, 1_000_000])
def test_octets_pass_both_ways(pair: Pair, count: int) -> None:
    """Any number of octets, whatever slices they pass in."""
    peer = Peer(pair)
    peer.shake()
    octets = bytes(range(256)) * (count // 256 + 1)

    assert peer.says(octets[:count]) == octets[:count]
    assert peer.reads(peer.tunnel.seal(octets[:count])) == octets[:count]


def test_octets_cut_anywhere(pair: Pair) -> None:
    """Records that come octet by octet are read when they are whole."""
    peer = Peer(pair)
    peer.shake()
    peer.inside.write(b"first")
    peer.inside.write(b"second")
    wire = peer.outgoing.read()

    got = [peer.tunnel.receive(wire[i : i + 1]) for i in range(len(wire))]
    assert [piece for piece in got if piece] == [b"first", b"second"]


def test_facts(pair: Pair) -> None:
    """What was agreed, for Received and for the log."""
    peer = Peer(pair)
    peer.shake()

    facts = peer.tunnel.facts()
    assert facts.version == "TLSv1.3"
    assert facts.cipher.startswith("TLS_")
    assert facts.bits >= 128
    assert facts.end_point == b""


def test_tickets_go_with_what_is_said_next(pair: Pair) -> None:
    """No packet of their own: nobody waits for them, and then they are there. RFC 8446 4.6.1"""
    peer = Peer(pair)
    peer.shake()

    assert peer.tunnel.take() == b""
    assert peer.reads(peer.tunnel.seal(b"250 ready")) == b"250 ready"
    session = peer.inside.session
    assert session is not None
    assert session.has_ticket


def test_the_last_words_of_an_old_handshake_do_not_wait(pair: Pair) -> None:
    """Before TLS 1.3 the server's Finished comes last, and the client waits for it. RFC 5246 7.3"""
    peer = Peer(pair)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    peer.inside = old.wrap_bio(peer.incoming, peer.outgoing)
    peer.shake()
    peer.inside.do_handshake()

    assert peer.inside.version() == "TLSv1.2"
    assert peer.says(b"hello") == b"hello"


def test_a_session_remembers_the_certificate_it_began_with(pair: Pair) -> None:
    """Log-ins are bound to that one, whatever is loaded later. RFC 5929 4"""
    peer = Peer(pair)
    peer.tunnel._end_point = b"hash"
    peer.shake()

    assert peer.tunnel.facts().end_point == b"hash"


def test_close_notify_both_ways(pair: Pair) -> None:
    """Ours is sent without waiting; the peer's ends the input. RFC 8446 6.1"""
    peer = Peer(pair)
    peer.shake()
    peer.inside.write(b"last")
    with pytest.raises(ssl.SSLWantReadError):
        peer.inside.unwrap()

    assert peer.tunnel.receive(peer.outgoing.read()) == b"last"
    assert peer.tunnel.ended
    wire = peer.tunnel.close()
    peer.incoming.write(wire)
    peer.inside.unwrap()  # complains when ours is missing


def test_nonsense_raises_and_leaves_an_alert(pair: Pair) -> None:
    """What is no TLS is an error; the alert that says so can be taken."""
    tunnel = Tunnel(pair[0])
    with pytest.raises(ssl.SSLError):
        tunnel.receive(b"EHLO me\r\n" * 10)
    assert isinstance(tunnel.take(), bytes)


def test_slices_are_small() -> None:
    """What OpenSSL's buffers grow to stays with an idle session: both are far below 16 KB."""
    assert IN_SLICE_OCTETS + OUT_SLICE_OCTETS <= 12_288
