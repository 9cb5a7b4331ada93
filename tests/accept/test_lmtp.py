"""The LMTP door: to each recipient its own truth."""

import pytest
from tests.turn import run_now

from accept_house import World, play_lmtp
from posthouse.store.values import BODY_INLINE_OCTETS_MAX, RemoveAccount, SetAccount
from talk import CUTTERS, Cutter, Talk, all_talks

LETTER = b"Subject: hello\r\n\r\nHello\r\n"


@pytest.mark.parametrize("talk", all_talks("lmtp"), ids=lambda talk: talk.name)
@pytest.mark.parametrize("cut", CUTTERS, ids=lambda cut: cut.__name__)
def test_talk(talk: Talk, cut: Cutter) -> None:
    """The door says what the transcript says, however the network cuts the octets."""
    assert play_lmtp(talk, cut) == talk.expected


def delivered(world: World, text: bytes, *recipients: str) -> list[str]:
    session = world.session(world.lmtp_door())
    session.lines("LHLO front")
    replies = session.letter(text, *recipients).splitlines()
    session.visit.ended()
    assert world.house.flight.octets == 0
    return [reply[:9] for reply in replies]


def fill(world: World, account: int) -> None:
    run_now(world.store.commit(SetAccount(account, quota_octets=1)))


def test_all_recipients_share_one_unit() -> None:
    """When all goes well a letter is one commit, and one Received line tells of LMTP."""
    world = World()
    assert delivered(world, LETTER, "ann@example.org", "bob@example.org") == ["250 2.0.0"] * 2

    assert len(world.intake.letters) == 1
    (letter,) = world.inbox(1)
    assert letter == world.inbox(2)[0]
    assert letter.startswith(b"Return-Path: <x@outside.example>\r\nReceived: from front ")
    assert b"\tby mail.example.org (Posthouse) with LMTP id " in letter
    assert letter.endswith(b"+0000\r\n" + LETTER)


def test_nobody_gets_a_letter_twice() -> None:
    """An account that two recipients mean has one copy, also when a third one's mailbox is full."""
    world = World()
    fill(world, 2)
    replies = delivered(world, LETTER, "ann@example.org", "bob@example.org", "ann+x@example.org")

    assert replies == ["250 2.0.0", "452 4.2.2", "250 2.0.0"]
    assert (len(world.inbox(1)), len(world.inbox(2))) == (1, 0)


def test_an_alias_is_one_recipient() -> None:
    """When one of its people has no room, and there is no queue where he could wait, it is refused,
    and comes again for all of them.
    """
    world = World()
    fill(world, 2)

    assert delivered(world, LETTER, "sales@example.org", "ann@example.org") == [
        "452 4.2.2",
        "250 2.0.0",
    ]
    assert len(world.inbox(1)) == 1


def test_an_account_that_goes_meanwhile_is_no_trouble_for_others() -> None:
    """Between RCPT and the dot the directory may change."""
    world = World()
    session = world.session(world.lmtp_door())
    session.lines("LHLO front", "MAIL FROM:<>", "RCPT TO:<ann@example.org>")
    session.lines("RCPT TO:<bob@example.org>", "DATA")
    run_now(world.store.commit(RemoveAccount(2)))

    replies = session.say(LETTER + b".\r\n").splitlines()
    assert [reply[:9] for reply in replies] == ["250 2.0.0", "451 4.2.1"]


def test_a_large_letter_with_a_full_mailbox() -> None:
    """The file is named by those who have room for it."""
    world = World()
    fill(world, 2)
    text = LETTER + b"and so on and so on\r\n" * BODY_INLINE_OCTETS_MAX
    replies = delivered(world, text, "bob@example.org", "ann@example.org")

    assert replies == ["452 4.2.2", "250 2.0.0"]
    assert world.inbox(1)[0].endswith(text)


def test_a_letter_that_nobody_can_have_is_refused_for_each() -> None:
    """A letter in a circle is refused as often as it has recipients."""
    world = World()
    replies = delivered(
        world, b"Received: x\r\n" * 101 + LETTER, "ann@example.org", "bob@example.org"
    )

    assert replies == ["554 5.4.6"] * 2
    assert world.count("letters_refused_total") == 1
