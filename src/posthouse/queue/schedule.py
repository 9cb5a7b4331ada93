"""When a letter is tried again, when its sender is told, when it is given up. Pure.

No chance here: what spreads letters out is their own id. RFC 5321 4.5.4.1
"""

from typing import Final

from posthouse.queue.settings import QueueSettings
from posthouse.store.values_queue import QueueLetter

GROWTH: Final = 1.5
"""Each pause of a letter is longer by half: 5, 7, 11 ... minutes, then hours."""
SPREAD: Final = 0.2
"""A pause is longer by up to a fifth, so that letters that failed together do not come together."""
DOUBLINGS_MAX: Final = 40
"""Beyond it every pause is the longest anyway."""


def retry_at(settings: QueueSettings, letter: bytes, attempts: int, now: float) -> int:
    """When the letter is due after so many attempts."""
    assert attempts > 0, "there was one just now"
    pause = settings.retry_seconds_first * GROWTH ** min(attempts - 1, DOUBLINGS_MAX)
    pause = min(pause, settings.retry_seconds_max)
    return int(now + pause * (1 + SPREAD * _share(letter)) + 0.999)


def pause_until(settings: QueueSettings, destination: str, failures: int, now: float) -> int:
    """How long a destination is left alone that failed so many times without a break."""
    assert failures > 0, "there was one just now"
    pause = settings.pause_seconds_first * 2 ** min(failures - 1, DOUBLINGS_MAX)
    pause = min(pause, settings.pause_seconds_max)
    return int(now + pause * (1 + SPREAD * _share(destination.encode())) + 0.999)


def lifetime(settings: QueueSettings, sender: str) -> int:
    """How long a letter is tried. One without a sender has nobody to tell, so it waits less."""
    return int(settings.lifetime_seconds if sender else settings.bounce_lifetime_seconds)


def expires_at(settings: QueueSettings, letter: QueueLetter) -> int:
    """When it is given up."""
    return letter.accepted + lifetime(settings, letter.sender)


def first_look(settings: QueueSettings, sender: str, accepted: int) -> int:
    """When a new letter wants to be looked at though nothing happened."""
    end = accepted + lifetime(settings, sender)
    return min(accepted + int(settings.warning_seconds), end) if sender else end


def _share(octets: bytes) -> float:
    """0 to 1, the same for the same octets."""
    return (int.from_bytes(octets[-4:], "big") * 2_654_435_761 % 2**32) / 2**32
