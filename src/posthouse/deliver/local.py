"""Local delivery: which mailboxes an accepted letter goes to. Pure: a letter in, a write out. RFC
5321 4.4

Until Sieve comes everything goes to INBOX; an account that several recipients mean gets one copy.
"""

from posthouse.queue.letter import Incoming
from posthouse.store.values import INBOX, Deliver, Place


class InboxDelivery:
    """Every resident's INBOX."""

    __slots__ = ()

    def plan(self, letter: Incoming) -> Deliver:
        """One placement an account, in the order of the recipients."""
        accounts = dict.fromkeys(
            account for resident in letter.residents for account in resident.accounts
        )
        assert accounts, "a letter without residents is no local letter"
        assert letter.rendered is not None, "what somebody here reads was rendered at the door"
        return Deliver(
            body=letter.body,
            rendered=letter.rendered,
            received=letter.received,
            places=tuple(Place(account, INBOX) for account in accounts),
        )
