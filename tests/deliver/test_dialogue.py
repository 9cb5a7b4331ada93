"""One connection to a next host; what hosts do to it is in test_remote.py."""

import asyncio

import pytest

from posthouse.deliver.dialogue import Contexts, Dialogue, NoDialogue, Way
from posthouse.wire.smtp.client_limits import ClientLimits
from posthouse.wire.smtp.outgoing import Outgoing, OutgoingRecipient
from remote_world import HANG, Remote

LIMITS = ClientLimits(block_seconds_max=0.3, dot_seconds_max=0.3, command_seconds_max=0.3)


def way(remote: Remote) -> Way:
    return Way(host="mx.example", address="127.0.0.1", port=remote.port)


async def begun(remote: Remote, limits: ClientLimits = LIMITS) -> Dialogue:
    return await Dialogue.begin(
        way(remote),
        hostname="post.example",
        limits=limits,
        contexts=Contexts(),
        loop=asyncio.get_running_loop(),
    )


async def send(dialogue: Dialogue, octets: bytes, *, ahead: bool, pieces: int = 3) -> list[int]:
    letter = Outgoing(
        sender="ann@x.example",
        recipients=(OutgoingRecipient(address="bob@y.example"),),
        size=len(octets),
    )

    async def parts():  # type: ignore[no-untyped-def]
        step = len(octets) // pieces + 1
        for at in range(0, len(octets), step):
            yield octets[at : at + step]

    replies = await dialogue.send(letter, octets if ahead else None, parts())
    return [reply.code for reply in replies]


@pytest.mark.parametrize("extensions", [[], ["PIPELINING"], ["PIPELINING", "CHUNKING"]])
@pytest.mark.parametrize("ahead", [True, False])
def test_letters_of_any_size_by_any_way(extensions: list[str], ahead: bool) -> None:
    """Small and large, at hand or in pieces, with or without extensions: octet for octet."""

    async def run() -> None:
        remote = await Remote(extensions=extensions).start()
        dialogue = await begun(remote)
        letters = [b"short\r\n", b".dots\r\n..\r\n" * 30, b"large line\r\n" * 4000]
        for octets in letters:
            assert await send(dialogue, octets, ahead=ahead) == [250]
        assert [taken.octets for taken in remote.letters] == letters
        assert dialogue.letters == 3
        await dialogue.quit()
        assert dialogue.has_quit
        assert not dialogue.is_usable
        await remote.stop()

    asyncio.run(run())


def test_a_host_that_stops_reading_is_left() -> None:
    """Each recipient has an answer of our own, and it says that nothing was answered."""

    async def run() -> None:
        remote = await Remote(script={"DATA": [b"354 go"], "DOT": [HANG]}).start()
        dialogue = await begun(remote)
        assert await send(dialogue, b"x\r\n" * 100, ahead=False) == [451]
        assert "may come twice" in dialogue.loss.text
        assert not dialogue.is_usable
        await remote.stop()

    asyncio.run(run())


def test_no_dialogue_says_why() -> None:
    """With the host's own word, or ours."""

    async def run() -> None:
        remote = await Remote(script={"GREETING": [b"554 5.7.1 not you"]}).start()
        with pytest.raises(NoDialogue) as none:
            await begun(remote)
        assert none.value.reply.said == "554 5.7.1 not you"
        await remote.stop()
        with pytest.raises(NoDialogue) as none:
            await begun(remote)
        assert none.value.reply.status == "4.4.1"

    asyncio.run(run())


def test_a_way_for_people() -> None:
    """Host and address, once when they are the same."""
    assert way(Remote(port=25)).shown == "mx.example[127.0.0.1]:25"
    assert Way(host="::1", address="::1", port=24).shown == "::1:24"


def test_contexts_are_made_once() -> None:
    """And apart: verified or not."""
    contexts = Contexts()
    assert contexts.of("may") is contexts.of("must")
    assert contexts.of("verify") is contexts.of("implicit")
    assert contexts.of("verify") is not contexts.of("may")
