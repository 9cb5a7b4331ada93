"""A letter's whole way: what each station did with it, when and why.

posthouse trace 01JD9Z5R3W7Q0XK8M2N4P6S1TV        (the id in the 250 answer and in Received)
posthouse trace '<abc@example.org>'               (a Message-ID)
"""

import argparse
import sys
from datetime import UTC, datetime

from posthouse.base.ids import id_from_text, id_text
from posthouse.cli import exits
from posthouse.cli.actions import add_json
from posthouse.cli.house import House, open_house
from posthouse.cli.output import write_json
from posthouse.queue.trace import unpack
from posthouse.store.contract import TraceRow


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", help="the letter's id or its Message-ID")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    with open_house(arguments) as house:
        rows = find(house, arguments.id)
    if not rows:
        raise exits.Stop(
            exits.DATA,
            f"no trace of {arguments.id}",
            "traces are kept for [store] trace_days; what was refused may not be kept at all",
        )
    if arguments.json:
        write_json([record(row) for row in rows])
    else:
        sys.stdout.write("\n".join(text(row) for row in rows))
    return 0


def find(house: House, wanted: str) -> list[TraceRow]:
    """Rows of the letter with this id, else of letters with this Message-ID."""
    try:
        letter = id_from_text(wanted)
    except ValueError:
        message_id = wanted.strip().removeprefix("<").removesuffix(">")
        return house.run(house.store.trace_by_message_id(message_id))
    return house.run(house.store.trace(letter))


def record(row: TraceRow) -> dict[str, object]:
    """One row for programs."""
    return {
        "id": id_text(row.letter),
        "message_id": row.message_id,
        "stations": [
            {
                "at": _time(station.at_ms),
                "station": station.station,
                "event": station.event,
                "facts": [list(fact) for fact in station.facts],
            }
            for station in unpack(row.stations)
        ],
    }


def text(row: TraceRow) -> str:
    """One row for people: a line a station, with the time since the first."""
    stations = unpack(row.stations)
    lines = [f"letter {id_text(row.letter)}  <{row.message_id}>"]
    first = stations[0].at_ms if stations else 0
    for station in stations:
        facts = "  ".join(f"{name}={value}" for name, value in station.facts)
        lines.append(
            f"  {_time(station.at_ms)}  +{station.at_ms - first:>5} ms  "
            f"{station.station:<12} {station.event:<12} {facts}".rstrip()
        )
    return "\n".join(lines) + "\n"


def _time(at_ms: int) -> str:
    stamp = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return stamp.replace("+00:00", "Z")
