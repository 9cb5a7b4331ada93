"""Who has no room waits; the others do not."""

from dataclasses import replace

from tests.queue_letters import incoming
from tests.turn import run_now

from posthouse.base.clock import SetClock
from posthouse.mail.envelope import Recipient
from posthouse.queue.full import put_off_full
from posthouse.queue.letter import Incoming
from posthouse.store.memory import MemoryStore
from posthouse.store.values import AddAccount, AddDomain, SetAccount


def site(*quotas: int) -> MemoryStore:
    """Accounts 1, 2, ... r1@, r2@ ... with these quotas; 0: none."""
    store = MemoryStore(SetClock())
    run_now(store.commit(AddDomain("example.org")))
    for number, quota in enumerate(quotas, 1):
        run_now(store.commit(AddAccount(f"r{number}@example.org", "", 0, ())))
        run_now(store.commit(SetAccount(number, quota_octets=quota)))
    return store


def split(store: MemoryStore, letter: Incoming) -> tuple[list[tuple[int, ...]], list[str]] | None:
    """Accounts of the residents, addresses of the late."""
    rest = run_now(put_off_full(letter, store))
    return rest and ([r.accounts for r in rest.residents], [r.address for r in rest.late])


def test_who_has_no_room_is_late() -> None:
    """By the address of his account, also out of the middle of an alias."""
    store = site(0, 5, 1 << 30)
    assert split(store, incoming((1,), (2,))) == ([(1,), ()], ["r2@example.org"])
    assert split(store, incoming((1, 2, 3))) == ([(1, 3)], ["r2@example.org"])
    assert split(store, incoming((2,), (1, 2))) == ([(), (1,)], ["r2@example.org"])


def test_nobody_is_late() -> None:
    """Where all have room, or the account is no more: the failure was another."""
    assert split(site(0, 0), incoming((1,), (2,))) is None
    assert split(site(0), incoming((1,), (9,))) is None


def test_nobody_is_left() -> None:
    """Then the letter stays with who brings it; somebody elsewhere is somebody."""
    store = site(5, 5)
    assert split(store, incoming((1,), (2,))) is None
    letter = incoming((1,))
    far = Recipient(address="x@far.example")
    letter.envelope = replace(letter.envelope, recipients=(far, *letter.envelope.recipients))
    letter.outside = (far,)
    assert split(store, letter) == ([()], ["r1@example.org"])
    alias = incoming((1,))
    alias.residents = (replace(alias.residents[0], outside=("x@far.example",)),)
    assert split(store, alias) == ([()], ["r1@example.org"])


def test_a_letter_of_ours_may_wait_alone() -> None:
    """A report has nobody else who would keep it."""
    rest = run_now(put_off_full(incoming((1,)), site(5), may_be_all=True))
    assert rest is not None
    assert [r.address for r in rest.late] == ["r1@example.org"]


def test_the_exact_octet() -> None:
    """A letter that just fits is no trouble."""
    letter = incoming((1,), (2,))
    size = letter.body.size
    assert split(site(size, size - 1), letter) == ([(1,), ()], ["r2@example.org"])


def test_wishes_stay_with_the_recipient() -> None:
    """NOTIFY and ORCPT of the address that the sender named; who is late twice waits once."""
    letter = incoming((1,), (2,))
    first, second = letter.envelope.recipients
    team = replace(second, notify=("NEVER",), original="rfc822;team")
    letter.envelope = replace(letter.envelope, recipients=(first, team))
    rest = run_now(put_off_full(letter, site(0, 5)))
    assert rest is not None
    assert [(r.address, r.notify, r.original) for r in rest.late] == [
        ("r2@example.org", ("NEVER",), "rfc822;team")
    ]
    again = run_now(put_off_full(replace(rest, residents=letter.residents), site(0, 5)))
    assert again is not None
    assert len(again.late) == 1
