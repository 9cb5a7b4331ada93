"""Letters that wait for another server: what there is, and what shall become of it.

  posthouse queue list
  posthouse queue show 01JD9Z5R3W7Q0XK8M2N4P6S1TV
  posthouse queue retry --destination example.net
  posthouse queue bounce --recipient eve@example.net

ID is the letter's id; without ids say --all, --destination, --sender or --recipient.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from posthouse.base.clock import SystemClock
from posthouse.base.ids import Ids, id_from_text, id_text
from posthouse.base.log import Level, Log, to_stderr
from posthouse.cli import exits
from posthouse.cli.actions import actions_of, add_action, add_json
from posthouse.cli.house import House, open_house
from posthouse.cli.output import say, write_json
from posthouse.store.values_queue import QueueAction, QueueLetter, QueueRecipient, QueueState

PAGE: Final = 200
ROWS_A_UNIT: Final = 500
ACTIONS: Final = {
    "retry": (QueueAction.RETRY, "will be tried now"),
    "hold": (QueueAction.HOLD, "held"),
    "release": (QueueAction.RELEASE, "released"),
    "drop": (QueueAction.DROP, "dropped, nobody is told"),
}
HELP: Final = {
    "list": "what waits, in mailq's look",
    "show": "a letter with all that is known of its recipients",
    "retry": "try now, whatever the schedule says",
    "hold": "try no more until released",
    "release": "let held letters go on",
    "drop": "remove; nobody is told",
    "bounce": "remove; the sender is told that it failed",
}
SOME_ID: Final = "01JD9Z5R3W7Q0XK8M2N4P6S1TV"
ID_HELP: Final = "of a letter, as `queue list` shows it"
Row = tuple[bytes, int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which letters and recipients a command means."""

    ids: tuple[bytes, ...] = ()
    is_all: bool = False
    destination: str = ""
    sender: str = ""
    recipient: str = ""

    def rows(self, letter: QueueLetter) -> tuple[QueueRecipient, ...]:
        """The recipients of a letter that are meant."""
        if self.sender and letter.sender.casefold() != self.sender.casefold():
            return ()
        return tuple(
            row
            for row in letter.recipients
            if (not self.destination or row.destination == self.destination)
            and (not self.recipient or row.address.casefold() == self.recipient.casefold())
        )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = actions_of(parser)
    for name, told in HELP.items():
        if name == "show":
            command = add_action(actions, name, told, f"queue show {SOME_ID}")
            command.add_argument("ids", nargs=1, metavar="ID", help=ID_HELP)
            add_json(command)
            continue
        examples = [f"queue {name}", f"queue {name} --destination example.net"]
        if name != "list":
            examples[0] = f"queue {name} {SOME_ID}"
        command = add_action(actions, name, told, *examples)
        command.add_argument("ids", nargs="*", metavar="ID", help=ID_HELP)
        command.add_argument("--destination", default="", help="those for this destination")
        command.add_argument("--sender", default="", help="those of this sender")
        command.add_argument("--recipient", default="", help="those for this address")
        if name == "list":
            add_json(command)
        else:
            command.add_argument("--all", action="store_true", help="the whole queue")


def run(arguments: argparse.Namespace) -> int:
    wanted = _wanted(arguments)
    with open_house(arguments) as house:
        if arguments.action == "list":
            list_letters(house, wanted, as_json=arguments.json)
        elif arguments.action == "show":
            _show(house, wanted.ids[0], as_json=arguments.json)
        elif arguments.action == "bounce":
            _bounce(house, wanted)
        else:
            _act(house, wanted, arguments.action)
    return exits.OK


def list_letters(house: House, wanted: Wanted, *, as_json: bool) -> None:
    """Page by page, so that a million letters need no memory."""
    if as_json:
        write_json([_record(letter) for letter in _chosen(house, wanted)])
        return
    letters = octets = 0
    for letter in _chosen(house, wanted):
        if not letters:
            sys.stdout.write(MAILQ_HEAD)
        letters += 1
        octets += letter.size
        sys.stdout.write(mailq_text(letter))
    if letters:
        noun = "Request" if letters == 1 else "Requests"
        sys.stdout.write(f"-- {octets // 1024} Kbytes in {letters} {noun}.\n")
    else:
        sys.stdout.write("Mail queue is empty\n")


MAILQ_HEAD: Final = (
    "----------Queue ID---------- --Size-- ----Arrival Time---- -Sender/Recipient-------\n"
)


def mailq_text(letter: QueueLetter) -> str:
    """One letter as mailq shows it: * is being tried, ! is held; recipients by what was heard."""
    states = {row.state for row in letter.recipients}
    mark = "*" if QueueState.TAKEN in states else "!" if QueueState.HELD in states else " "
    arrived = datetime.fromtimestamp(letter.accepted, UTC).strftime("%a %b %e %H:%M:%S")
    sender = letter.sender or "MAILER-DAEMON"
    lines = [f"{id_text(letter.letter) + mark:<28} {letter.size:>8} {arrived:<20} {sender}"]
    by_answer: dict[str, list[str]] = {}
    for row in letter.recipients:
        by_answer.setdefault(row.answer, []).append(row.address)
    for answer, addresses in by_answer.items():
        if answer:
            lines.append(f"{'':8}({answer})")
        lines += [f"{'':59}{address}" for address in addresses]
    return "\n".join(lines) + "\n\n"


def _wanted(arguments: argparse.Namespace) -> Wanted:
    try:
        ids = tuple(id_from_text(text) for text in arguments.ids)
    except ValueError as error:
        raise exits.Stop(
            exits.USAGE, f"that is no letter's id: {error}", "posthouse queue list shows them"
        ) from error
    words = vars(arguments)
    wanted = Wanted(
        ids,
        words.get("all", False) or arguments.action == "list",
        words.get("destination", ""),
        words.get("sender", ""),
        words.get("recipient", ""),
    )
    if not (ids or wanted.is_all or wanted.destination or wanted.sender or wanted.recipient):
        raise exits.Stop(exits.USAGE, "which letters?", "name ids, or say --all, --destination ...")
    return wanted


def _chosen(house: House, wanted: Wanted) -> Iterator[QueueLetter]:
    """Letters that have a recipient that is meant."""
    if wanted.ids:
        for letter_id in wanted.ids:
            letter = house.run(house.store.queue_letter(letter_id))
            if letter is None:
                name = id_text(letter_id)
                raise exits.Stop(
                    exits.DATA, f"{name} is not in the queue", f"posthouse trace {name} tells why"
                )
            if wanted.rows(letter):
                yield letter
        return
    after = b""
    while page := house.run(house.store.queue_list(after, PAGE)):
        after = page[-1].letter
        yield from (letter for letter in page if wanted.rows(letter))


def _act(house: House, wanted: Wanted, name: str) -> None:
    from posthouse.store.values_queue import QueueAct, QueueActed

    action, told = ACTIONS[name]
    done = 0

    def do(rows: list[Row]) -> int:
        (result,) = house.run(house.store.commit(QueueAct(action, tuple(rows))))
        assert isinstance(result, QueueActed)
        return result.rows

    rows: list[Row] = []
    asked = 0
    for letter in _chosen(house, wanted):
        rows += [(letter.letter, row.number) for row in wanted.rows(letter)]
        if len(rows) >= ROWS_A_UNIT:
            asked += len(rows)
            done += do(rows)
            rows = []
    asked += len(rows)
    done += do(rows) if rows else 0
    say(f"{done} of {asked} recipients {told}")


def _bounce(house: House, wanted: Wanted) -> None:
    """The reports are made here and stand in the unit that takes the rows out."""
    from posthouse.app.queue import routes_of
    from posthouse.deliver.bounce import Bounces
    from posthouse.deliver.local import InboxDelivery
    from posthouse.directory.resolve import Directory
    from posthouse.queue.intake import unit_of
    from posthouse.queue.outbound import Unclaimed
    from posthouse.queue.settings import QueueSettings
    from posthouse.queue.settle import Action, Told
    from posthouse.store.contract import StoreFailure
    from posthouse.store.values import AnyValue
    from posthouse.store.values_queue import QueueAct, Settle, Settled, Settlement
    from posthouse.wire.smtp.remote_replies import RemoteReply

    clock = SystemClock()
    bounces = Bounces(
        hostname=house.config.hostname,
        store=house.store,
        directory=Directory(house.store),
        ids=Ids(clock),
        clock=clock,
        log=Log(clock, to_stderr, Level.WARNING),
    )
    outbound = Unclaimed(routes_of(house.config), house.config[QueueSettings])
    done = asked = 0
    for letter in _chosen(house, wanted):
        rows = wanted.rows(letter)
        asked += len(rows)
        # Held first: then no worker has them, and none takes them meanwhile.
        keys = tuple((letter.letter, row.number) for row in rows)
        house.run(house.store.commit(QueueAct(QueueAction.HOLD, keys)))
        now = house.run(house.store.queue_letter(letter.letter))
        held = {
            row.number
            for row in (now.recipients if now is not None else ())
            if row.state == QueueState.HELD
        }
        mine = [row for row in rows if row.number in held]
        if not mine:
            continue
        told = [
            Told(row, Action.FAILED, RemoteReply(554, "5.0.0", _why(row)))
            for row in mine
            if letter.sender and (not row.notify or "FAILURE" in row.notify)
        ]
        reports = house.run(bounces.compose(letter, told)) if told else []
        failed = tuple(Settled(letter.letter, row.number, Settlement.FAILED) for row in mine)
        settle = Settle("", failed)
        values: list[AnyValue] = [settle]
        for report in reports:
            values += unit_of(report, InboxDelivery(), outbound, clock.now())[0]
        try:
            house.run(house.store.commit(*values))
        except StoreFailure as failure:
            say(f"{id_text(letter.letter)}: {failure.text}")
            continue
        done += len(mine)
    say(f"{done} of {asked} recipients bounced")


def _why(row: QueueRecipient) -> str:
    last = f"; the last answer was: {row.answer}" if row.answer else ""
    return f"taken out of the queue by the administrator{last}"


def _show(house: House, letter_id: bytes, *, as_json: bool) -> None:
    letter = next(_chosen(house, Wanted((letter_id,))))
    record = _record(letter)
    if as_json:
        write_json(record)
        return
    for key, value in record.items():
        if key != "recipients":
            sys.stdout.write(f"{key.replace('_', ' '):<12}{value}\n")
    for row in record["recipients"]:
        sys.stdout.write(f"\n<{row['address']}>\n")
        for key, value in row.items():
            if key != "address" and value not in ("", [], None):
                shown = ", ".join(value) if isinstance(value, list) else value
                sys.stdout.write(f"  {key.replace('_', ' '):<12}{shown}\n")


def _record(letter: QueueLetter) -> dict[str, Any]:
    """A letter for programs."""
    return {
        "id": id_text(letter.letter),
        "sender": letter.sender,
        "size": letter.size,
        "accepted": _time(letter.accepted),
        "message_id": letter.message_id,
        "recipients": [
            {
                "address": row.address,
                "state": QueueState(row.state).name.lower(),
                "destination": row.destination,
                "due": _time(row.due) if row.state != QueueState.HELD else None,
                "attempts": row.attempts,
                "answer": row.answer,
                "holder": row.holder,
                "notify": list(row.notify),
            }
            for row in letter.recipients
        ],
    }


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
