"""THREAD: letters as trees, by references or by subject. RFC 5256 3, "BASE.7.5" and its algorithms.

Pure, from what was stored at delivery; generators that stop between slices. A node is a number:
`_letters` says which letter it is, None for a dummy, which stands for a letter that is not there.
"""

from collections.abc import Generator, Iterable, Sequence
from operator import attrgetter
from typing import Final

import msgspec

from posthouse.mail.ordering import in_order

SLICE_NODES: Final = 2048
"""Nodes that are worked at between two stops."""
LOOP_STEPS_MAX: Final = 5_000_000
"""Steps up the trees in search of loops, in all: letters made to need more get no parent."""
_NONE: Final = -1


class Letter(msgspec.Struct, frozen=True, gc=False):
    """What threading needs of one letter."""

    number: int
    """How it is named in the answer; letters come ascending."""
    sent: int
    subject: str
    """Base subject, as it is compared."""
    is_reply: bool
    message_id: str
    references: str
    """Ids, oldest first, joined by a space."""


Steps = Generator[None, None, str]
"""Stops now and then; its value is the answer's list of threads."""

_WHEN: Final = attrgetter("sent")


def by_subject(letters: list[Letter]) -> Steps:
    """ORDEREDSUBJECT: one thread a base subject, all but the first are its children."""
    letters = yield from in_order(letters, _WHEN)
    # As letters come in the order of their dates, so do the subjects of the first ones.
    threads: dict[str, list[int]] = {}
    for place, letter in enumerate(letters):
        threads.setdefault(letter.subject, []).append(letter.number)
        if place % SLICE_NODES == 0:
            yield
    return "".join(map(_flat_thread, threads.values()))


def _flat_thread(numbers: Sequence[int]) -> str:
    if len(numbers) < 3:
        return f"({' '.join(map(str, numbers))})"
    return f"({numbers[0]} ({')('.join(map(str, numbers[1:]))}))"


class References:
    """REFERENCES: `add` all letters, then `thread`."""

    __slots__ = ("_children", "_ids", "_kids", "_letters", "_parents", "_steps_left")

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._letters: list[Letter | None] = []
        self._parents: list[int] = []
        self._kids: list[int] = []
        """How many children a node has: one without cannot close a loop."""
        self._children: dict[int, list[int]] = {}
        self._steps_left = LOOP_STEPS_MAX

    # ---- step 1: links from letter to letter

    def add(self, letters: Iterable[Letter]) -> None:
        """Letters in ascending order of their numbers."""
        for letter in letters:
            node = self._node_of(letter)
            if letter.references:
                self._link(node, self._chain(letter.references.split(" ")))
            elif self._parents[node] != _NONE:
                self._link(node, _NONE)

    def _node_of(self, letter: Letter) -> int:
        """Of letters with the same id only the first has it."""
        own = letter.message_id
        node = self._ids.get(own, _NONE) if own else _NONE
        if node != _NONE and self._letters[node] is None:
            self._letters[node] = letter
            return node
        made = self._new(letter)
        if own and node == _NONE:
            self._ids[own] = made
        return made

    def _new(self, letter: Letter | None) -> int:
        self._letters.append(letter)
        self._parents.append(_NONE)
        self._kids.append(0)
        return len(self._letters) - 1

    def _chain(self, references: list[str]) -> int:
        """Each reference is the child of the one before it, unless it has a parent already; gives
        the last one. Step 1 A"""
        ids, parents = self._ids, self._parents
        before = _NONE
        for reference in references:
            node = ids.get(reference, _NONE)
            if node == _NONE:
                node = ids[reference] = self._new(None)
            if before != _NONE and parents[node] == _NONE and not self._is_above(node, before):
                parents[node] = before
                self._kids[before] += 1
            before = node
        return before

    def _link(self, node: int, parent: int) -> None:
        """The letter's own references count more than those of others. Step 1 B"""
        old = self._parents[node]
        if old == parent:
            return
        if old != _NONE:
            self._kids[old] -= 1
            self._parents[node] = _NONE
        if parent != _NONE and not self._is_above(node, parent):
            self._parents[node] = parent
            self._kids[parent] += 1

    def _is_above(self, node: int, below: int) -> bool:
        """To make `node` a child of `below` would close a loop."""
        if node == below:
            return True
        if not self._kids[node]:
            return False
        parents = self._parents
        while below != _NONE and self._steps_left:
            self._steps_left -= 1
            below = parents[below]
            if below == node:
                return True
        return below != _NONE

    # ---- steps 2 to 6

    def thread(self) -> Steps:
        """The trees as THREAD tells them."""
        roots = yield from self._pruned()
        roots = yield from in_order(roots, self._when)
        roots = yield from self._gathered(roots)
        for place, (node, siblings) in enumerate(self._children.items()):
            if len(siblings) >= SLICE_NODES:
                self._children[node] = yield from in_order(siblings, self._when)
            elif len(siblings) > 1:
                siblings.sort(key=self._when)
            if place % SLICE_NODES == 0:
                yield
        roots = yield from in_order(roots, self._when)
        return (yield from self._written(roots))

    def _pruned(self) -> Generator[None, None, list[int]]:
        """Dummies go: their children rise to the next letter above, or stay below the topmost dummy
        where they are several. Steps 2, 3"""
        letters, parents, children = self._letters, self._parents, self._children
        above: dict[int, int] = {}
        roots = []
        for node, letter in enumerate(letters):
            if node % SLICE_NODES == 0:
                yield
            if letter is None:
                continue
            parent = parents[node]
            if parent == _NONE:
                roots.append(node)
                continue
            if letters[parent] is None:
                parent = self._risen(parent, above)
            children.setdefault(parent, []).append(node)
        for node in [node for node in children if letters[node] is None]:
            if len(children[node]) == 1:
                roots += children.pop(node)
            else:
                children[node].sort(key=self._when)
                roots.append(node)
        return roots

    def _risen(self, dummy: int, above: dict[int, int]) -> int:
        """The letter above a dummy, or the topmost dummy."""
        letters, parents = self._letters, self._parents
        passed = []
        node = dummy
        while letters[node] is None and node not in above and parents[node] != _NONE:
            passed.append(node)
            node = parents[node]
        node = above.get(node, node)
        above.update(dict.fromkeys(passed, node))
        return node

    def _first(self, node: int) -> Letter:
        """The letter itself, or the first child of a dummy, whose children are sorted."""
        letter = self._letters[node]
        if letter is None:
            letter = self._letters[self._children[node][0]]
            assert letter is not None, "below a dummy are letters"
        return letter

    def _when(self, node: int) -> tuple[int, int]:
        """Letters of the same second go in the order of the mailbox. RFC 5256 2.2"""
        letter = self._letters[node] or self._first(node)
        return letter.sent, letter.number

    def _gathered(self, roots: list[int]) -> Generator[None, None, list[int]]:
        """Threads of the same base subject become one. Step 5"""
        table: dict[str, int] = {}
        letters = self._letters
        for place, node in enumerate(roots):
            if place % SLICE_NODES == 0:
                yield
            subject = self._first(node).subject
            if subject:
                old = table.setdefault(subject, node)
                if old != node and self._is_better(node, old):
                    table[subject] = node
        kept = dict.fromkeys(roots)
        if len(table) == len(roots):
            return roots
        for place, node in enumerate(roots):
            if place % SLICE_NODES == 0:
                yield
            subject = self._first(node).subject
            chosen = table.get(subject, node)
            if chosen == node or node not in kept:
                continue
            del kept[node]
            mine, theirs = letters[node], letters[chosen]
            if theirs is None:
                grown = self._children[chosen]
                grown += [node] if mine is not None else self._children.pop(node)
            elif mine is not None and mine.is_reply and not theirs.is_reply:
                self._children.setdefault(chosen, []).append(node)
            else:
                dummy = table[subject] = self._new(None)
                self._children[dummy] = [chosen, node]
                del kept[chosen]
                kept[dummy] = None
        return list(kept)

    def _is_better(self, node: int, old: int) -> bool:
        """Whether this one stands for the subject rather than the other. Step 5 B"""
        mine, theirs = self._letters[node], self._letters[old]
        if theirs is None:
            return False
        return mine is None or (theirs.is_reply and not mine.is_reply)

    def _written(self, roots: list[int]) -> Steps:
        """As nested lists. Without recursion: a thread may be as deep as the mailbox is long."""
        letters, children = self._letters, self._children
        out: list[str] = []
        for place, root in enumerate(roots):
            if place % SLICE_NODES == 0:
                yield
            waiting = [root]
            while waiting:
                node = waiting.pop()
                if node == _NONE:
                    out.append(")")
                    continue
                line = []
                letter = letters[node]
                if letter is not None:
                    line.append(str(letter.number))
                below = children.get(node, ())
                while len(below) == 1:
                    only = letters[below[0]]
                    assert only is not None, "dummies are at the top only"
                    line.append(str(only.number))
                    below = children.get(below[0], ())
                out.append("(" + " ".join(line))
                if below:
                    if line:
                        out.append(" ")
                    waiting.append(_NONE)
                    waiting.extend(reversed(below))
                else:
                    out.append(")")
        return "".join(out)
