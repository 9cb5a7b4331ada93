"""Log-ins as a write: who came in by which door, and who was refused there.

The values ride on the commits of others (`Store.note`): a guesser buys no sync.
"""

from posthouse.store.values_base import Value


class RecordLogin(Value, frozen=True, array_like=True, tag=True):
    """One try to log in to an account. Result: `Done`. Fails: GONE.

    One that is like the last of its kind (let in, or refused) is counted with it; of each kind only
    so many rows stay (`StoreSettings.logins_max`), so that no guesser pushes the owner's out.
    """

    account: int
    at: int
    """Seconds since 1970."""
    door: str
    """"submission", "imap", "pop3"."""
    peer: str
    """The address, "" on a unix socket."""
    mechanism: str
    """As SASL names it; LOGIN and USER where it was the protocol's own command."""
    tls: str
    """As "TLSv1.3"; "" without."""
    refused: str = ""
    """Why, in a few words; "" for one that was let in."""
