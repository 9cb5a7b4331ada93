"""What strace saw, as calls with a beginning and an end, and the question: was it synced before?"""

import re
from dataclasses import dataclass
from pathlib import Path

STRACE = (
    "strace", "-f", "-yy", "-T", "-ttt", "-s", "20000",
    "-e", "trace=fdatasync,fsync,pwrite64,write,writev,sendto,sendmsg,rename,renameat2", "-o",
)  # fmt: skip
"""Followed by the file for the trace. Before the command of the server."""

_LINE = re.compile(r"(\d+) +(\d+\.\d+) (.*)")
_RESUMED = re.compile(r"<\.\.\. (\w+) resumed>(.*)")
_END = re.compile(r"\) += (-?\d+).*? <(\d+\.\d+)>$")


@dataclass(frozen=True, slots=True)
class Call:
    """One system call. `place` is the file or socket, `text` all of its line."""

    pid: int
    name: str
    place: str
    text: str
    began: float
    ended: float


def read_calls(trace: Path) -> list[Call]:
    """All that ended, in the order of their ends."""
    calls = []
    unfinished: dict[int, tuple[float, str]] = {}
    for line in trace.read_text("utf-8", "replace").splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        pid, at, text = int(match[1]), float(match[2]), match[3]
        if text.endswith("<unfinished ...>"):
            unfinished[pid] = (at, text.removesuffix("<unfinished ...>"))
            continue
        resumed = _RESUMED.match(text)
        began = at
        if resumed is not None:
            if pid not in unfinished:
                continue
            began, start = unfinished.pop(pid)
            text = start + resumed[2]
        end = _END.search(text)
        name, _, rest = text.partition("(")
        if end is None or int(end[1]) < 0:
            continue
        place = re.match(r"\d+<([^\"]*?)>\s*[,)]", rest)
        where = place[1] if place else rest
        calls.append(Call(pid, name, where, text, began, began + float(end[2])))
    return calls


def syncs_of(calls: list[Call], ending: str) -> list[Call]:
    """Syncs of files whose path ends so."""
    return [
        call
        for call in calls
        if call.name in {"fsync", "fdatasync"} and call.place.endswith(ending)
    ]


def writes_to(calls: list[Call], ending: str, token: str) -> list[Call]:
    """Writes of the token into such a file."""
    return [
        call
        for call in calls
        if call.name in {"pwrite64", "write", "writev"}
        and call.place.endswith(ending)
        and token in call.text
    ]


def answers(calls: list[Call], said: str, port: int) -> list[Call]:
    """Where these words left for the peer with this port."""
    return [
        call
        for call in calls
        if call.place.startswith("TCP")
        and re.search(rf"->\S*:{port}\]$", call.place)
        and said in call.text
    ]


def is_covered(calls: list[Call], wrote: Call, answer: Call, ending: str) -> bool:
    """A sync of the file began after the write had ended, and ended before the answer began."""
    return any(
        wrote.ended <= sync.began and sync.ended <= answer.began for sync in syncs_of(calls, ending)
    )
