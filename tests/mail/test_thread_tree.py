"""Threads against the algorithm as RFC 5256 writes it down, on small boxes of all shapes."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.mail import thread_tree
from posthouse.mail.thread_tree import Letter, References, by_subject


def run(steps: Any) -> str:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            value: str = end.value
            return value


def references(letters: list[Letter]) -> str:
    threads = References()
    for letter in letters:
        threads.add([letter])
    return run(threads.thread())


class Node:
    """One message of the model, or a dummy."""

    def __init__(self, letter: Letter | None = None) -> None:
        self.letter = letter
        self.parent: Node | None = None
        self.children: list[Node] = []

    def hang(self, parent: "Node | None") -> None:
        if self.parent is not None:
            self.parent.children.remove(self)
        self.parent = parent
        if parent is not None:
            parent.children.append(self)

    def is_above(self, other: "Node | None") -> bool:
        while other is not None:
            if other is self:
                return True
            other = other.parent
        return False

    def sort(self) -> None:
        for child in self.children:
            child.sort()
        self.children.sort(key=Node.when)

    def when(self) -> tuple[int, int]:
        letter = self.first()
        return letter.sent, letter.number

    def first(self) -> Letter:
        if self.letter is not None:
            return self.letter
        return min(self.children, key=Node.when).first()

    def text(self) -> str:
        below = self.children
        own = [] if self.letter is None else [str(self.letter.number)]
        if len(below) == 1:
            return " ".join([*own, below[0].text()])
        nested = "".join([f"({child.text()})" for child in below])
        return " ".join([*own, nested] if nested else own)


def model(letters: list[Letter]) -> str:
    """RFC 5256 3 REFERENCES, step by step."""
    nodes: dict[str, Node] = {}
    everything: list[Node] = []

    def node_of(name: str) -> Node:
        if name not in nodes:
            nodes[name] = Node()
            everything.append(nodes[name])
        return nodes[name]

    for letter in letters:
        if letter.message_id and node_of(letter.message_id).letter is None:
            node = nodes[letter.message_id]
            node.letter = letter
        else:
            node = Node(letter)
            everything.append(node)
        before: Node | None = None
        for name in letter.references.split():
            reference = node_of(name)
            if before is not None and reference.parent is None and not reference.is_above(before):
                reference.hang(before)
            before = reference
        node.hang(None)
        if before is not None and not node.is_above(before):
            node.hang(before)
    root = Node()
    for node in everything:
        if node.parent is None:
            node.hang(root)
    prune(root, root)
    root.children.sort(key=Node.when)
    gather(root)
    root.sort()
    return "".join([f"({child.text()})" for child in root.children])


def prune(node: Node, root: Node) -> None:
    """Step 3."""
    for child in list(node.children):
        prune(child, root)
    for child in list(node.children):
        if child.letter is not None:
            continue
        if not child.children:
            child.hang(None)
        elif node is not root or len(child.children) == 1:
            for inner in list(child.children):
                inner.hang(node)
            child.hang(None)


def gather(root: Node) -> None:
    """Step 5."""
    table: dict[str, Node] = {}
    for node in root.children:
        subject = node.first().subject
        if not subject:
            continue
        old = table.get(subject)
        if old is None or (
            old.letter is not None
            and (node.letter is None or (old.letter.is_reply and not node.letter.is_reply))
        ):
            table[subject] = node
    for node in list(root.children):
        subject = node.first().subject
        if not subject or node.parent is not root or table[subject] is node:
            continue
        chosen = table[subject]
        if chosen.letter is None and node.letter is None:
            for child in list(node.children):
                child.hang(chosen)
            node.hang(None)
        elif chosen.letter is None or (
            node.letter is not None and node.letter.is_reply and not chosen.letter.is_reply
        ):
            node.hang(chosen)
        else:
            dummy = table[subject] = Node()
            dummy.hang(root)
            chosen.hang(dummy)
            node.hang(dummy)


IDS = st.sampled_from("abcdefgh")
LETTERS = st.lists(
    st.builds(
        lambda sent, subject, reply, own, refs: (sent, subject, reply, own, " ".join(refs)),
        st.integers(0, 6),
        st.sampled_from(["", "X", "Y", "Z"]),
        st.booleans(),
        IDS | st.just(""),
        st.lists(IDS, max_size=4),
    ),
    max_size=9,
).map(lambda rows: [Letter(number, *row) for number, row in enumerate(rows, 1)])


@settings(max_examples=500)
@given(LETTERS)
def test_references_are_those_of_the_model(letters: list[Letter]) -> None:
    """Whatever order, loops, missing and double letters there are."""
    assert references(letters) == model(letters)


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        ([], ""),
        ([(1, "X", False, "a", "")], "(1)"),
        # a chain, its letters in any order
        (
            [(3, "X", True, "c", "a b"), (2, "X", True, "b", "a"), (1, "X", False, "a", "")],
            "(3 2 1)",
        ),
        # siblings by date, and a letter that is not there between
        (
            [(1, "X", False, "a", ""), (3, "X", True, "b", "a"), (2, "X", True, "c", "a gone")],
            "(1 (3)(2))",
        ),
        # two answers to a letter that is not there
        ([(1, "X", True, "a", "gone"), (2, "X", True, "b", "gone")], "((1)(2))"),
        # the same subject without references
        ([(1, "X", False, "a", ""), (2, "X", True, "b", "")], "(1 2)"),
        ([(1, "X", False, "a", ""), (2, "X", False, "b", "")], "((1)(2))"),
        ([(1, "", False, "a", ""), (2, "", False, "b", "")], "(1)(2)"),
        # a letter that answers itself, and two that answer each other
        ([(1, "X", True, "a", "a")], "(1)"),
        ([(1, "X", True, "a", "b"), (2, "Y", True, "b", "a")], "(2 1)"),
    ],
)
def test_references(letters: list[tuple[Any, ...]], expected: str) -> None:
    """The shapes of RFC 5256 3 and 4."""
    found = [Letter(number, *row) for number, row in enumerate(letters, 1)]

    assert references(found) == model(found)
    assert references(found) == expected


def test_a_thread_as_deep_as_the_mailbox() -> None:
    """Nothing recurses."""
    chain = [Letter(n, n, "X", True, f"m{n}", f"m{n - 1}") for n in range(1, 5001)]
    forks = [Letter(n, n, "X", True, f"m{n}", f"m{n - 2 - n % 2}") for n in range(1, 5001)]

    assert references(chain) == f"({' '.join(map(str, range(1, 5001)))})"
    assert references(forks).count("(") == references(forks).count(")")


def test_loops_cost_little() -> None:
    """Letters made to close loops in a deep thread use up what is given for looking."""
    deep = [Letter(n, n, "", True, f"m{n}", f"m{n - 1}") for n in range(1, 10_001)]
    loops = [Letter(n, n, "", True, f"x{n}", "m10000 m0 m9999 m1") for n in range(10_001, 11_001)]
    threads = References()
    threads.add([*deep, *loops])

    assert threads._steps_left == 0
    assert run(threads.thread()).startswith("(1 (2 3 4 ")


@given(LETTERS)
def test_by_subject(letters: list[Letter]) -> None:
    """Sorted by subject and date, split by subject, sorted by the first one's date. RFC 5256 3"""
    ordered = sorted(letters, key=lambda letter: (letter.subject, letter.sent, letter.number))
    threads: list[list[Letter]] = []
    for letter in ordered:
        if threads and threads[-1][0].subject == letter.subject:
            threads[-1].append(letter)
        else:
            threads.append([letter])
    threads.sort(key=lambda thread: (thread[0].sent, thread[0].number))
    nodes = []
    for first, *others in threads:
        node = Node(first)
        for letter in others:
            Node(letter).hang(node)
        nodes.append(f"({node.text()})")

    assert run(by_subject(letters)) == "".join(nodes)


def test_it_stops_between() -> None:
    """Others have their turn while many letters are threaded."""
    count = 5 * thread_tree.SLICE_NODES
    letters = [Letter(n, n, f"S{n % 100}", False, f"m{n}", "") for n in range(1, count + 1)]
    threads = References()
    threads.add(letters)

    assert sum(1 for _ in threads.thread()) > 20
    assert sum(1 for _ in by_subject(letters)) > 5


def test_very_many_answers_to_one_letter() -> None:
    """They are sorted in slices, by date."""
    count = thread_tree.SLICE_NODES + 5
    letters = [Letter(1, 0, "X", False, "a", "")]
    letters += [Letter(n, count - n, "X", True, f"m{n}", "a") for n in range(2, count + 1)]

    assert references(letters) == f"(1 ({')('.join(map(str, range(count, 1, -1)))}))"
