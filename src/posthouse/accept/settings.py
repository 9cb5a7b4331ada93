"""[accept]: what every door that takes letters keeps to."""

from dataclasses import dataclass

from posthouse.base.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptSettings:
    """[accept] - letters at the door."""

    hops_max: int = setting(
        100,
        "Received fields a letter may have with ours; more means a loop. RFC 5321 6.3",
        least=1,
        most=1000,
    )
    in_flight_octets_max: int = setting(
        256 * 1024 * 1024,
        "Octets of letters one worker holds in memory at a time; beyond it 452.",
        least=65_536,
        most=2**40,
    )
