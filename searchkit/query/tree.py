"""The syntax tree of a query: what was typed, before any schema or analyzer has a say.

    Sequence := Clause Clause ...        what stands side by side; how many must match is the search's mode
    Clause   := Required(X) | X
    X        := Or | And | Not | Field | Sequence | Word | Prefix | Wildcard | Phrase | Everything

`str(tree)` is a query again, and reading it gives an equal tree: ``parse(str(tree)).tree == tree`` for every tree
that the parser made (as long as the text stays under the limits). Spans say where in the text a node stood;
they are for messages and play no part in equality. Nodes are frozen. Walking is done by `walk`, not by recursion, so a
deep tree needs no deep stack. This module does not know the syntax beyond how to print it (`parse.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias, cast

SIGNS: Final = "+-"
"""Characters that make the clause right after them required or excluded."""


class _Printable:
    """Gives every node the same `str()`: the query that would be read as this tree."""

    __slots__ = ()

    def __str__(self) -> str:
        return text_of(cast("Tree", self))


@dataclass(frozen=True, slots=True)
class Word(_Printable):
    """A run of characters without spaces; what words are in it is for the analyzer to say."""

    text: str
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Prefix(_Printable):
    """The beginning of a word: ``text*``, held here without the star."""

    text: str
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Wildcard(_Printable):
    """Letters and digits with ``*`` for any of them or ``?`` for one, not only a star at the end."""

    text: str
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Phrase(_Printable):
    """What stood between quotation marks, held here without them; ``~2`` after them lets other words in between."""

    text: str
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)
    slop: int = 0


@dataclass(frozen=True, slots=True)
class Everything(_Printable):
    """A star by itself: all documents."""

    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Field(_Printable):
    """``name:child``. Whether there is such a field, and what it holds, is found out when the tree is bound."""

    name: str
    child: Tree
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Required(_Printable):
    """``+child``. Only at the root or as a direct clause of a `Sequence`: elsewhere it would say nothing."""

    child: Tree
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not(_Printable):
    """``NOT child`` or ``-child``; the two mean the same."""

    child: Tree
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class And(_Printable):
    """Two or more operands joined by ``AND``."""

    children: tuple[Tree, ...]
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Or(_Printable):
    """Two or more operands joined by ``OR``."""

    children: tuple[Tree, ...]
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Sequence(_Printable):
    """Two or more clauses side by side."""

    children: tuple[Tree, ...]
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


Tree: TypeAlias = Word | Prefix | Wildcard | Phrase | Everything | Field | Required | Not | And | Or | Sequence
Many: TypeAlias = And | Or | Sequence
One: TypeAlias = Field | Required | Not


def children_of(node: Tree) -> tuple[Tree, ...]:
    """The nodes directly below this one, in the order of the text."""
    if isinstance(node, And | Or | Sequence):
        return node.children
    if isinstance(node, Field | Required | Not):
        return (node.child,)
    return ()


def walk(root: Tree) -> list[tuple[Tree, list[int]]]:
    """Every node with the positions of its children in this same list.

    Parents come before their children and the text's order is kept, so reading forwards visits the leaves as they
    were typed, and reading backwards meets children before their parent.
    """
    found: list[tuple[Tree, list[int]]] = []
    waiting: list[tuple[Tree, int]] = [(root, -1)]
    while waiting:
        node, parent = waiting.pop()
        if parent >= 0:
            found[parent][1].append(len(found))
        here = len(found)
        found.append((node, []))
        waiting.extend((child, here) for child in reversed(children_of(node)))
    return found


def text_of(root: Tree) -> str:
    """The query that would be read as this tree. Linear in the number of nodes, but for the copying of text."""
    nodes = walk(root)
    texts = [""] * len(nodes)
    for here in range(len(nodes) - 1, -1, -1):
        node, below = nodes[here]
        inner = [texts[child] for child in below]
        if isinstance(node, Word | Wildcard):
            texts[here] = node.text
        elif isinstance(node, Prefix):
            texts[here] = f"{node.text}*"
        elif isinstance(node, Phrase):
            texts[here] = f'"{node.text}"' + (f"~{node.slop}" if node.slop else "")
        elif isinstance(node, Everything):
            texts[here] = "*"
        elif isinstance(node, Field | Required | Not):
            before = f"{node.name}:" if isinstance(node, Field) else "+" if isinstance(node, Required) else "NOT "
            texts[here] = before + (inner[0] if _stands_alone(node, node.child) else f"({inner[0]})")
        else:
            joint = {And: " AND ", Or: " OR ", Sequence: " "}[type(node)]
            parts = zip(node.children, inner, strict=True)
            texts[here] = joint.join(f"({part})" if _needs_parentheses(node, child) else part for child, part in parts)
    return texts[0]


def _stands_alone(node: One, child: Tree) -> bool:
    """Whether a child may follow `+`, `NOT` or `name:` without parentheses."""
    if isinstance(child, Everything | Phrase):
        return True
    if isinstance(child, Word | Prefix | Wildcard):
        if isinstance(node, Field):
            return not child.text.startswith((":", "//"))
        return not (isinstance(node, Required) and child.text.startswith(tuple(SIGNS)))
    return isinstance(child, Field) and not isinstance(node, Field)


def _needs_parentheses(node: Many, child: Tree) -> bool:
    """Whether a child binds more loosely than its parent, or as loosely, and so would be read as part of it."""
    if isinstance(child, Sequence):
        return True
    if isinstance(child, Or):
        return not isinstance(node, Sequence)
    return isinstance(child, And) and isinstance(node, And)
