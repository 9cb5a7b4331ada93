"""Where a letter for local people goes."""

import pytest
from tests.queue_letters import incoming

from posthouse.deliver.local import InboxDelivery
from posthouse.store.values import INBOX, Place


def test_one_copy_an_account() -> None:
    """Recipients that mean the same account get one, in the order of the recipients."""
    plan = InboxDelivery().plan(incoming((3,), (1, 3), (2,)))

    assert plan.places == (Place(3, INBOX), Place(1, INBOX), Place(2, INBOX))


def test_a_letter_for_nobody_is_a_fault() -> None:
    """Doors only hand over letters that have residents."""
    with pytest.raises(AssertionError):
        InboxDelivery().plan(incoming())
