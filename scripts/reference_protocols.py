"""The pages of docs/reference about protocols: what is offered, and each standard behind it.

What a standard's entry says comes from rfc/index.toml; which of its sections are kept, where, and
by which tests that is proved, from the citations in the source and in the tests (rfc/check.py).
"""

import importlib.util
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[1]
MADE = "<!-- Made by `make docs`; change the code instead. -->\n"
HEADING = re.compile(r"^# ---- (.+)$|^number = (\d+)$", re.MULTILINE)

Entry = dict[str, Any]


def load_check() -> ModuleType:
    """rfc/check.py, which is no part of a package."""
    if "rfc_check" in sys.modules:
        return sys.modules["rfc_check"]
    spec = importlib.util.spec_from_file_location("rfc_check", ROOT / "rfc/check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["rfc_check"] = module
    spec.loader.exec_module(module)
    return module


class Index:
    """The index with the citations."""

    def __init__(self) -> None:
        check = load_check()
        path = ROOT / "rfc/index.toml"
        self.entries: dict[int, Entry] = {e["number"]: e for e in check.index(path)}
        self.group: dict[int, str] = {}
        heading = ""
        for found in HEADING.finditer(path.read_text()):
            heading = found[1] or heading
            if found[2]:
                self.group[int(found[2])] = heading
        self.source = _by_section(check.cited(ROOT / "src/posthouse"), "src/")
        self.tests = _by_section(check.cited(ROOT / "tests"), "")

    def of(self, rooms: Iterable[str], group: str = "", word: str = "") -> list[Entry]:
        """Entries that name one of these folders, and those of a group that stand open."""
        wanted = set(rooms)
        return [
            entry
            for number, entry in sorted(self.entries.items())
            if wanted & set(entry.get("where", ()))
            or (self.group[number] == group and word.lower() in entry["title"].lower())
        ]


def _by_section(found: Iterable[Any], before: str) -> dict[int, dict[str, set[str]]]:
    by_number: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for citation in found:
        by_number[citation.number][citation.section].add(f"{before}{citation.file}")
    return by_number


def standards(index: Index, entries: list[Entry]) -> list[str]:
    """Each of them with its sections; then what is not built."""
    built = [e for e in entries if e["state"] in ("done", "partial")]
    lines = [
        "## Standards\n",
        "*done*: every rule that concerns a server is kept, and the tests named prove it.",
        "*partial*: some of it works, and what is left out is said. Sections stand where source or",
        "tests cite them; *whole* is what cites the standard without a section.\n",
        "| RFC | title | state |",
        "| --- | --- | --- |",
        *(f"| [{e['number']}](#rfc-{e['number']}) | {e['title']} | {e['state']} |" for e in built),
        "",
    ]
    for entry in built:
        lines += _standard(index, entry)
    for state, title in (("planned", "Not yet"), ("no", "Not built")):
        rest = [e for e in entries if e["state"] == state]
        if rest:
            lines += [f"## {title}\n", "| RFC | title | |", "| --- | --- | --- |"]
            lines += [f"| {e['number']} | {e['title']} | {e.get('note', '')} |" for e in rest]
            lines.append("")
    return lines


def _standard(index: Index, entry: Entry) -> list[str]:
    number = entry["number"]
    source, tests = index.source.get(number, {}), index.tests.get(number, {})
    sections = sorted({*source, *tests}, key=_in_order)
    lines = [f"### RFC {number}\n", f"{entry['title']}: **{entry['state']}**.\n"]
    if entry.get("note"):
        lines.append(f"{entry['note']}\n")
    if entry["state"] == "done":
        lines += ["Proved by " + ", ".join(f"`{t}`" for t in entry["tests"]) + ".\n"]
    if sections:
        lines += ["| section | where | tests |", "| --- | --- | --- |"]
        lines += [
            f"| {section or 'whole'} | {_names(source.get(section, ()))}"
            f" | {_names(tests.get(section, ()))} |"
            for section in sections
        ]
        lines.append("")
    return lines


def _in_order(section: str) -> tuple[int, list[int], str]:
    """Whole first, then by number, appendices last."""
    if not section:
        return 0, [], ""
    if section.startswith("Appendix"):
        return 2, [], section
    return 1, [int(part) for part in section.split(".")], section


def _names(files: Iterable[str]) -> str:
    short = sorted(f.removeprefix("src/posthouse/").removeprefix("tests/") for f in files)
    return " ".join(f"`{name}`" for name in short)


def _page(title: str, *parts: str, index: Index, entries: list[Entry]) -> str:
    return "\n".join([f"# {title}\n", MADE, *parts, *standards(index, entries)])


def smtp() -> str:
    """The front door and the way out."""
    from posthouse.wire.smtp.limits import SmtpLimits
    from posthouse.wire.smtp.server import VERBS
    from posthouse.wire.smtp.service import SmtpService

    service = SmtpService("mail.example.org", limits=SmtpLimits(), tls_offered=True)
    words = [line[4:] for line in service.hello.decode().splitlines()[1:]]
    verbs = sorted(
        {b"STAR": "STARTTLS"}.get(verb, verb.decode())
        for verb, what in VERBS.items()
        if _is_verb(what)
    )
    index = Index()
    rooms = ("src/posthouse/wire/smtp", "src/posthouse/accept", "src/posthouse/deliver",
             "src/posthouse/accept/lmtp.py", "src/posthouse/queue/route.py",
             "src/posthouse/deliver/dialogue.py", "src/posthouse/net/resolve.py")  # fmt: skip
    return _page(
        "SMTP and LMTP",
        "Port 25, the LMTP socket, and letters to other hosts.\n",
        "Offered in EHLO before TLS: " + ", ".join(f"`{word}`" for word in words) + ".\n",
        "Commands: "
        + ", ".join(f"`{verb}`" for verb in verbs)
        + ". `EXPN` is known and not done.\n",
        index=index,
        entries=index.of(rooms, "How letters travel"),
    )


def _is_verb(what: Any) -> bool:
    return what.__name__ not in ("stranger", "expn")


def submission() -> str:
    """Ports 587 and 465."""
    index = Index()
    rooms = ("src/posthouse/accept/submission.py", "src/posthouse/decide",
             "src/posthouse/proofs", "src/posthouse/proofs/sasl.py",
             "src/posthouse/proofs/channel_binding.py", "src/posthouse/app/dns_records.py",
             "src/posthouse/authenticate")  # fmt: skip
    return _page(
        "Submission",
        "Ports 587 (STARTTLS) and 465 (TLS from the first octet): SMTP as its page says, after",
        "AUTH with `SCRAM-SHA-256-PLUS`, `SCRAM-SHA-256`, `PLAIN` or `LOGIN`.\n",
        index=index,
        entries=index.of(rooms),
    )


def pop3() -> str:
    """Ports 110 and 995."""
    from posthouse.wire.pop3.commands import COMMANDS
    from posthouse.wire.pop3.offer import Offer

    offer = Offer("mail.example.org", mechanisms=("SCRAM-SHA-256", "PLAIN"), stls=True)
    before = offer.capabilities(has_tls=False, is_open=False).decode().split("\r\n")[:-2]
    inside = offer.capabilities(has_tls=True, is_open=True).decode().split("\r\n")[:-2]
    index = Index()
    rows = [
        f"| `{name.decode()}` | {'yes' if entry.before else ''} | {'yes' if entry.after else ''} |"
        for name, entry in COMMANDS.items()
    ]
    return _page(
        "POP3",
        "Ports 110 (STLS) and 995 (TLS from the first octet).\n",
        "CAPA before TLS: " + ", ".join(f"`{line}`" for line in before) + ".\n",
        "CAPA after log-in: " + ", ".join(f"`{line}`" for line in inside) + ".\n",
        "| command | before log-in | after it |",
        "| --- | --- | --- |",
        *rows,
        "",
        index=index,
        entries=index.of(
            ("src/posthouse/wire/pop3", "src/posthouse/read/pop3"),
            "How letters are read: POP3, ManageSieve, JMAP, push",
            "pop",
        ),
    )


def imap_standards() -> list[str]:
    """For the page about IMAP."""
    index = Index()
    rooms = ("src/posthouse/read/imap", "src/posthouse/wire/imap")
    return standards(index, index.of(rooms, "How letters are read: IMAP"))
