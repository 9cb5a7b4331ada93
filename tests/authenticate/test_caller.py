"""Who asks to be let in."""

from posthouse.authenticate.caller import Caller, caller_at
from posthouse.net.ports import PeerFacts
from posthouse.net.tls import TlsFacts


def test_as_the_connection_is_now() -> None:
    """TLS may have come meanwhile; on a unix socket there is no address."""
    facts = PeerFacts("192.0.2.1", 4711, "192.0.2.9", 143, None)

    assert caller_at("imap", facts) == Caller("imap", "192.0.2.1", "", b"")
    facts.tls = TlsFacts("TLSv1.3", "TLS_AES_128_GCM_SHA256", 128, b"hash")
    assert caller_at("imap", facts) == Caller("imap", "192.0.2.1", "TLSv1.3", b"hash")
