"""The rules of the house, each a test. A rule that no machine checks is a wish (CONTRIBUTING.md).

The lists of exceptions may only get shorter: an entry that is no longer needed fails too.
"""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "posthouse"

LINES_MAX = 500
LINES_HARD_MAX = 600

LONGER_THAN_500: frozenset[str] = frozenset()
"""Python files that may have 501 to 600 lines."""

WITHOUT_OWN_TEST: frozenset[str] = frozenset(
    {
        "base/version.py",
        "cli/commands.py",
    }
)
"""Files under src/posthouse without a test at the mirrored path: names and shapes, no behaviour."""

OWED: frozenset[str] = frozenset()
"""Files whose behaviour is tested only from outside or from other files so far. May only shrink."""

NAMELESS = {"util", "utils", "common", "helper", "helpers", "misc"}
"""Names that say nothing: a function without a home means a missing noun."""

# In pieces, so that this file keeps the rule itself.
LEFTOVERS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b|NotImplemented" r"Error")

KNOWN_HOSTS = {"www.apache.org", "localhost", "127.0.0.1", "[::1]", "example", "test"}
"""Hosts that an address in the repository may name; whatever ends in a reserved name may too."""
RESERVED = re.compile(r"(^|\.)(example(\.(com|net|org))?|test|invalid|localhost)$")

NEWS_NAME = re.compile(r"(\d+|\+[a-z0-9-]+)\.([a-z]+)\.md")


def none_of(offenders: Iterable[str]) -> None:
    """Fails with the whole list, which pytest would shorten."""
    found = sorted(offenders)
    assert not found, "\n    " + "\n    ".join(found)


def tracked(*endings: str) -> list[Path]:
    """Files of the repository, also those not added yet; without endings, all of them."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    paths = [ROOT / name.decode() for name in sorted(set(listed.split(b"\0"))) if name]
    return [p for p in paths if p.is_file() and (not endings or p.suffix in endings)]


def texts(*endings: str) -> list[tuple[str, str]]:
    """Name and text of each tracked file that is text."""
    found = []
    for path in tracked(*endings):
        octets = path.read_bytes()
        if b"\0" not in octets:
            name = path.relative_to(ROOT).as_posix()
            found.append((name, octets.decode("utf-8", "replace")))
    return found


def sources() -> list[Path]:
    """The modules of the program, without door signs and without the way in."""
    return [p for p in SOURCE.rglob("*.py") if p.name not in {"__init__.py", "__main__.py"}]


def own_test(source: Path) -> Path:
    """Where the test of a source file stands."""
    inside = source.relative_to(SOURCE)
    return ROOT / "tests" / inside.parent / f"test_{inside.name}"


def test_each_source_file_has_its_test() -> None:
    """src/posthouse/a/b.py is tested by tests/a/test_b.py; the list of exceptions only shrinks."""
    untested = {p.relative_to(SOURCE).as_posix() for p in sources() if not own_test(p).exists()}

    none_of(f"{name}: write its test" for name in untested - WITHOUT_OWN_TEST - OWED)
    none_of(f"{name}: take it from the list" for name in WITHOUT_OWN_TEST - untested)


def test_each_folder_has_its_door_sign() -> None:
    """An __init__.py is a docstring that says what happens here, and nothing else."""
    wrong = []
    for folder in sorted({p.parent for p in SOURCE.rglob("*.py")}):
        sign = folder / "__init__.py"
        body = ast.parse(sign.read_text()).body if sign.exists() else []
        if not (len(body) == 1 and ast.get_docstring(ast.parse(sign.read_text()))):
            wrong.append(str(folder.relative_to(ROOT)))

    none_of(wrong)


def test_no_file_is_too_long() -> None:
    """A Python file holds one idea: 500 lines, with an entry in the list 600, never more."""
    lengths = {name: text.count("\n") for name, text in texts(".py")}
    longer = {name for name, lines in lengths.items() if lines > LINES_MAX}

    none_of(name for name, lines in lengths.items() if lines > LINES_HARD_MAX)
    none_of(f"{name}: split it where the ideas part" for name in longer - LONGER_THAN_500)
    none_of(f"{name}: take it from the list" for name in LONGER_THAN_500 - longer)


def test_no_name_says_nothing() -> None:
    """No folder and no file is called utils, common, helpers or misc."""
    names = [p.relative_to(ROOT) for p in tracked()]

    none_of(str(n) for n in names if {part.split(".")[0] for part in n.parts} & NAMELESS)


def test_nothing_is_left_for_later() -> None:
    """No marker of unfinished work: what is open is an issue."""
    left = [
        f"{name}:{number}"
        for name, text in texts()
        if name != "LICENSE"
        for number, line in enumerate(text.splitlines(), 1)
        if LEFTOVERS.search(line)
    ]

    none_of(left)


def test_a_file_silences_the_type_checker_at_most_once() -> None:
    """At most one `type: ignore` a source file, and it stands with its reason."""
    loud = re.compile(r"#\s*type:\s*ignore")
    wrong = [n for n, text in texts(".py") if n.startswith("src/") and len(loud.findall(text)) > 1]

    none_of(wrong)


def test_each_test_says_what_shall_be_true() -> None:
    """A test's docstring is the sentence that it proves."""
    silent = []
    for name, text in texts(".py"):
        if not name.startswith("tests/"):
            continue
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if node.name.startswith("test_") and not ast.get_docstring(node):
                silent.append(f"{name}:{node.lineno} {node.name}")

    none_of(silent)


def test_no_foreign_address() -> None:
    """Files name no host but reserved ones: packages come from wherever the machine is set up."""
    foreign = []
    for name, text in texts():
        for address in re.findall(r"\bhttps?://[^\s\"'<>)`\]}|]+", text):
            host = (urlsplit(address).netloc or "").rsplit("@", 1)[-1]
            host = re.sub(r":[^\]]*$", "", host)
            literal = not re.fullmatch(r"[A-Za-z0-9.-]+", host)  # a pattern, a place holder
            if not literal and host not in KNOWN_HOSTS and not RESERVED.search(host):
                foreign.append(f"{name}: {address}")

    none_of(foreign)


def test_locks_name_versions_and_hashes_only() -> None:
    """A lock has pins and hashes and no address, index or option."""
    line_of_lock = re.compile(
        r"[a-z0-9._-]+==[\w.+!-]+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?"
    )
    odd = [
        f"{name}: {line}"
        for name, text in texts(".lock")
        for line in text.splitlines()
        if not line_of_lock.fullmatch(line)
    ]

    none_of(odd)


def test_no_path_of_one_machine() -> None:
    """No file knows where it was written: neither the clone's folder nor anyone's home."""
    places = {str(ROOT), str(Path.home())}
    places = {place + "/" for place in places if place.count("/") > 1 or place == "/root"}
    places.add("/" + "work/")  # in pieces, as above
    outside = re.compile("(?<![\\w.$}-])(" + "|".join(map(re.escape, sorted(places))) + ")")
    wrong = [
        f"{name}:{number}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if outside.search(line)
    ]

    none_of(wrong)


def anchors(text: str) -> set[str]:
    """The names that headings of a document have in links."""
    found = set()
    for heading in re.findall(r"^#+ +(.+?) *#*$", text, re.MULTILINE):
        kept = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(kept.replace(" ", "-"))
    return found


def test_links_between_documents_lead_somewhere() -> None:
    """Each relative link in a document names a file that exists, and a heading that it has."""
    dead = []
    for name, text in texts(".md"):
        prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", prose):
            if "://" in target or target.startswith("mailto:"):
                continue
            path, _, anchor = target.partition("#")
            to = (ROOT / name).parent / path if path else ROOT / name
            if not to.exists() or (anchor and anchor not in anchors(to.read_text())):
                dead.append(f"{name}: {target}")

    none_of(dead)


def test_documents_that_are_named_exist() -> None:
    """Code and prose that point to a page in docs/ point to one that is there."""
    named = re.compile(r"(?<![\w/.-])docs/[\w./-]+\.md\b")
    dead = [
        f"{name}: {page}"
        for name, text in texts()
        for page in named.findall(text)
        if "NNN" not in page and not (ROOT / page).exists()
    ]

    none_of(dead)


def test_decisions_are_numbered() -> None:
    """docs/decisions/NNN-title.md: each number once, none left out."""
    numbers = sorted(p.name[:3] for p in (ROOT / "docs/decisions").glob("*.md"))

    assert numbers == [f"{n:03}" for n in range(1, len(numbers) + 1)]


def test_both_readmes_tell_the_same_commands() -> None:
    """What a reader shall type is the same in English and in Chinese."""

    def typed(name: str) -> list[str]:
        return re.findall(r"^```sh\n(.*?)^```", (ROOT / name).read_text(), re.MULTILINE | re.DOTALL)

    assert typed("README.md") == typed("README.zh-CN.md")
    assert typed("README.md") != []


def test_news_is_well_formed() -> None:
    """A fragment is news/ISSUE.TYPE.md or news/+WORD.TYPE.md: one paragraph for the reader."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    kinds = {kind["directory"] for kind in project["tool"]["towncrier"]["type"]}
    wrong = []
    for path in (ROOT / "news").iterdir():
        name = NEWS_NAME.fullmatch(path.name)
        said = path.read_text()
        is_paragraph = said.strip() and "\n\n" not in said.strip() and said.endswith(".\n")
        if path.name != "README.md" and not (name and name[2] in kinds and is_paragraph):
            wrong.append(path.name)

    none_of(wrong)


def test_scripts_can_be_started() -> None:
    """Whatever begins with #! is executable."""
    asleep = [
        str(p.relative_to(ROOT))
        for p in tracked()
        if p.read_bytes()[:2] == b"#!" and not p.stat().st_mode & 0o111
    ]

    none_of(asleep)
