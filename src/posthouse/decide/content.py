"""May this letter in, judged by its octets? Pure rules over the header. RFC 5321 6.3"""

import re
from typing import Final

from posthouse.base.errors import Refusal

RECEIVED: Final = re.compile(rb"^Received:", re.IGNORECASE | re.MULTILINE)


def hops(header: bytes) -> int:
    """How many hosts the letter has passed: its Received fields."""
    return len(RECEIVED.findall(header))


def decide_hops(header: bytes, hops_max: int) -> Refusal | None:
    """A letter that has passed too many hosts goes in a circle."""
    count = hops(header)
    if count <= hops_max:
        return None
    return Refusal(554, "5.4.6", "too many hops, this letter goes in a circle", f"{count} Received")
