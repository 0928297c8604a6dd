"""Read the text of a query into a syntax tree; any text at all.

    word            documents with the word                  +x   required           x AND y   both
    "some words"    with them side by side                   -x   excluded           x OR y    either
    "some words"~2  in order, up to 2 words in between       wi*d, w?ld   a word with anything, or one letter, there
    begin*          with a word that begins so               (…)  a group            NOT x     all without
    *               every document                           name:x   only in that field; also name:(…)
    name:2010..2020, name:>=2010, name:<2024-05              ranges, for fields of numbers and dates

`NOT` binds tighter than `AND`, `AND` than `OR`, and `OR` than standing side by side. `+` and `-` belong to what
follows them without a space. Operators are upper case only; typographic quotation marks count as straight ones.
Where a reading is in doubt it is the one of someone who typed plain words: `a - b`, `--help`, `c++`, `12"`, `std::map`
and `http://host/` hold no operators, and an operator with nothing to join is a word.

Nothing raises in lenient mode: what cannot be honoured is read as if it were not there, or as plain words, and a
warning says so. In strict mode each of these is a `QueryError` with its place. One pass from left to right with
an explicit stack: time and memory are linear in the text, which `limits.QUERY_CHARACTERS_MAX` bounds. This
module knows no schema, no analyzer and no index; `bind.py` does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from searchkit import limits
from searchkit.errors import QueryError
from searchkit.query.tree import (
    SIGNS,
    And,
    Everything,
    Field,
    Not,
    Or,
    Phrase,
    Prefix,
    Required,
    Sequence,
    Tree,
    Wildcard,
    Word,
)

Mode: TypeAlias = Literal["any", "all"]
"""What stands side by side: "any" of it must match, or "all" of it."""

_QUOTES: Final = '"\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02'
_OPERATORS: Final = frozenset({"AND", "OR", "NOT"})
_SPACE: Final = re.compile(r"\s+")
_QUOTE: Final = re.compile(f"[{_QUOTES}]")
_WORD: Final = re.compile(r"[^\s()]+")
_SIGN: Final = re.compile(rf"[{SIGNS}](?![\s){SIGNS}]|$)")
_NAME: Final = re.compile(r"([^\W\d]\w*):(?!:|//)")
_SLOP: Final = re.compile(r"~([0-9]{1,9})(?=[\s()*]|$)")
_INNER_STAR: Final = re.compile(r"\w\*\w|^\*\w")
_WILDCARD: Final = re.compile(r"(?=.*[^\W\d_])(?=.*[*?][^\W_])\*?[^\W_](?:[^\W_]|[*?])*")
"""Letters and digits with wildcards before or between them; at least one letter, since 2*3 is none."""
_ENDS_OF_SENTENCES: Final = ".,;:!?\u2026"


@dataclass(frozen=True, slots=True)
class Parsed:
    """A query as it was read.

    Attributes
    ----------
    text : str
        What was read: the text given, cut at the limit.
    tree : Tree or None
        None if there was nothing in it.
    mode : {"any", "all"}
        How `bind` joins what stands side by side.
    warnings : tuple of str
        What was not understood and how it was read instead; at most one of each kind.
    """

    text: str
    tree: Tree | None
    mode: Mode = "any"
    warnings: tuple[str, ...] = ()


class Complaints:
    """Collects what is wrong with a query: raises the first if strict, else keeps one warning of each kind."""

    def __init__(self, text: str, strict: bool) -> None:
        self._text, self._strict = text, strict
        self._told: dict[str, str] = {}

    def add(self, what: str, start: int, end: int, *, instead: str = "", kind: str = "") -> None:
        """Note a fault of ``text[start:end]``; with no `instead` it is too slight to warn of, but strict raises.

        Raises
        ------
        QueryError
            In strict mode, always.
        """
        if self._strict:
            raise QueryError(what, self._text, start, end)
        if instead:
            self._told.setdefault(kind or what, f"column {start + 1}: {what}; {instead}")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was not understood, each kind once, in order of appearance."""
        return tuple(self._told.values())


def parse(text: str, *, mode: Mode = "any", strict: bool = False) -> Parsed:
    """Read a query.

    Parameters
    ----------
    text : str
        Anything. Characters beyond `limits.QUERY_CHARACTERS_MAX` are left out with a warning.
    mode : {"any", "all"}
        Passed on to `bind`; it does not change the tree.
    strict : bool
        Raise instead of guessing.

    Raises
    ------
    QueryError
        Only if strict: on anything that lenient reading would warn of, and on empty parentheses and quotes.

    Examples
    --------
    >>> str(parse('roaring "bit map" -java OR scala').tree)
    'roaring "bit map" NOT java OR scala'
    """
    length, text = len(text), text[: limits.QUERY_CHARACTERS_MAX]
    complaints = Complaints(text, strict)
    if length > len(text):
        what = f"the query is longer than {limits.QUERY_CHARACTERS_MAX:,} characters"
        complaints.add(what, len(text), len(text), instead="the rest was left out")
    tree = _Parser(text, complaints).tree()
    if tree is None:
        complaints.add("the query is empty", 0, len(text), instead="nothing was searched for")
    return Parsed(text, tree, mode, complaints.warnings)


@dataclass(slots=True)
class _Group:
    """What has been read of one group: a pair of parentheses, or the whole query.

    An operand goes to `ands`; `AND` keeps that chain going, `OR` moves it to `ors`, and an operand that follows
    with no operator in between moves both to `clauses`.
    """

    start: int = 0
    sign: str = ""
    name: str = ""
    clauses: list[Tree] = field(default_factory=list)
    ors: list[Tree] = field(default_factory=list)
    ands: list[Tree] = field(default_factory=list)
    joint: tuple[str, int] | None = None  # An AND or OR that waits for its right operand, and where it stands.
    negation: int | None = None  # Where the NOT stands that waits for its operand.
    negated: bool = False  # Whether an odd number of NOTs waits.

    def operand(self, node: Tree) -> None:
        if self.negation is not None:
            node = _negate(node, self.negation) if self.negated else node
            self.negation, self.negated = None, False
        joint = self.joint[0] if self.joint else ""
        self.joint = None
        if joint == "OR":
            self._close_ands()
        elif joint != "AND":
            self._close_ors()
        self.ands.append(node)

    def _close_ands(self) -> None:
        if self.ands:
            self.ors.append(_many(And, self.ands))
            self.ands = []

    def _close_ors(self) -> None:
        self._close_ands()
        if self.ors:
            self.clauses.append(_many(Or, self.ors))
            self.ors = []

    def close(self) -> Tree | None:
        """The tree of everything read so far."""
        self._close_ors()
        if not self.clauses:
            return None
        if len(self.clauses) == 1:
            return self.clauses[0]
        return Sequence(tuple(self.clauses), self.clauses[0].start, self.clauses[-1].end)


class _Parser:
    """One pass over one text. `_groups` is the stack of open parentheses, the whole query at its bottom."""

    def __init__(self, text: str, complaints: Complaints) -> None:
        self._text, self._complaints = text, complaints
        self._here = 0
        self._groups = [_Group()]
        self._ignored = 0  # Open parentheses beyond the depth limit.

    def tree(self) -> Tree | None:
        text = self._text
        while self._here < len(text):
            if space := _SPACE.match(text, self._here):
                self._here = space.end()
            elif text[self._here] == ")":
                self._close()
            else:
                self._clause()
        while len(self._groups) > 1:
            where = self._groups[-1].start
            self._complaints.add("a ( is never closed", where, where + 1, instead="closed at the end")
            self._finish_group()
        return self._finish(self._groups[0])

    def _clause(self) -> None:
        """Read a sign, if any, and what follows it up to the next space or parenthesis."""
        start, sign, name = self._here, self._sign(), self._name()
        if self._here < len(self._text) and self._text[self._here] in _QUOTES:
            if self._phrase(start, sign, name):
                return
            self._here += 1  # It has no partner, so there are no quotation marks after it.
            if not sign and not name:
                return
            if not name:  # As in -"title:a, which is read like -title:a.
                self._sign()
                name = self._name()
        if self._here < len(self._text) and self._text[self._here] == "(":
            self._open(start, sign, name)
        elif word := _WORD.match(self._text, self._here):
            self._here = word.end()
            self._word(word.group(), start, word.start(), sign, name)
        elif name:
            self._operand(Word(f"{name}:", start, self._here), start, sign, "")

    def _sign(self) -> str:
        """Read a + or - that stands directly before something, else nothing."""
        if not _SIGN.match(self._text, self._here):
            return ""
        self._here += 1
        return self._text[self._here - 1]

    def _name(self) -> str:
        """Read ``name:`` where something follows it, else nothing."""
        found = _NAME.match(self._text, self._here)
        if not found or not found.group(1).isidentifier():
            return ""
        after = self._text[found.end() : found.end() + 1]
        if not after or after == ")" or after.isspace():
            return ""
        self._here = found.end()
        return found.group(1)

    def _phrase(self, start: int, sign: str, name: str) -> bool:
        opening = self._here
        closing = _QUOTE.search(self._text, opening + 1)
        if closing is None:
            self._complaints.add("a quotation mark has no partner", opening, opening + 1, instead="it was ignored")
            return False
        self._here = closing.end()
        inside, slop = self._text[opening + 1 : closing.start()], self._slop()
        if inside.strip():
            self._operand(Phrase(inside, opening, self._here, slop), start, sign, name)
        else:
            self._complaints.add("there is nothing between the quotation marks", opening, self._here)
        while self._text.startswith("*", self._here):  # "some wor"* is not a prefix, and must not be everything.
            what = "a * has no meaning after quotation marks"
            self._complaints.add(what, self._here, self._here + 1, instead="it was ignored")
            self._here += 1
        return True

    def _slop(self) -> int:
        """Read ``~2`` after quotation marks; 0 if there is none."""
        found = _SLOP.match(self._text, self._here)
        if found is None:
            if self._text.startswith("~", self._here):
                what = "a ~ after quotation marks is understood only before a whole number"
                self._complaints.add(what, self._here, self._here + 1, instead="it was ignored")
            return 0
        slop, start, self._here = int(found.group(1)), self._here, found.end()
        if slop > limits.PHRASE_SLOP_MAX:
            what = f"no more than {limits.PHRASE_SLOP_MAX:,} words may stand between those of a phrase"
            self._complaints.add(what, start, self._here, instead="that many were allowed")
        return min(slop, limits.PHRASE_SLOP_MAX)

    def _word(self, text: str, start: int, inner: int, sign: str, name: str) -> None:
        end = inner + len(text)
        if text in _OPERATORS:
            if not sign and not name:
                self._operator(text, start)
                return
            text = text.lower()
        stem = text.rstrip("*")
        node: Tree = Word(text, inner, end)
        if not stem:
            node = Everything(inner, end)
        elif len(stem) < len(text) and any(map(str.isalnum, stem)):
            node = Prefix(stem, inner, end)
        pattern = text.rstrip(_ENDS_OF_SENTENCES)
        if _WILDCARD.fullmatch(pattern):
            node = Wildcard(pattern, inner, inner + len(pattern))
        elif _INNER_STAR.search(stem):
            what = "a * is understood only among letters and digits"
            self._complaints.add(what, inner, end, instead="it was read as punctuation")
        self._operand(node, start, sign, name)

    def _operator(self, operator: str, start: int) -> None:
        group, end = self._groups[-1], start + len(operator)
        if operator == "NOT":
            group.negation = start if group.negation is None else group.negation
            group.negated = not group.negated
        elif group.joint or group.negation is not None:
            what = f"{operator} follows another operator"
            self._complaints.add(what, start, end, instead="it was ignored", kind="operators in a row")
        elif not group.ands:
            self._dangling(group, operator, start)
        else:
            group.joint = operator, start

    def _dangling(self, group: _Group, operator: str, start: int) -> None:
        end = start + len(operator)
        what = f"{operator} has nothing to join" if operator != "NOT" else "NOT has nothing to exclude"
        self._complaints.add(what, start, end, instead="it was read as a word", kind="an operator alone")
        group.operand(Word(operator.lower(), start, end))

    def _operand(self, node: Tree, start: int, sign: str, name: str) -> None:
        """Add a finished piece to the innermost group, with the name and the sign that stood before it."""
        if name:
            node = Field(name, node, start + len(sign), node.end)
        if sign == "-":
            node = _negate(node, start)
        elif sign:
            node = Required(_plain(node), start, node.end)
        self._groups[-1].operand(node)

    def _open(self, start: int, sign: str, name: str) -> None:
        self._here += 1
        if len(self._groups) > limits.QUERY_DEPTH_MAX:
            self._ignored += 1
            what = f"parentheses are nested more than {limits.QUERY_DEPTH_MAX} deep"
            self._complaints.add(what, start, self._here, instead="the inner ones were ignored")
        else:
            self._groups.append(_Group(start, sign, name))

    def _close(self) -> None:
        self._here += 1
        if self._ignored:
            self._ignored -= 1
        elif len(self._groups) > 1:
            self._finish_group()
        else:
            self._complaints.add("a ) closes nothing", self._here - 1, self._here, instead="it was ignored")

    def _finish_group(self) -> None:
        group = self._groups.pop()
        tree = self._finish(group)
        if tree is None:
            self._complaints.add("there is nothing between the parentheses", group.start, self._here)
        else:
            self._operand(_plain(tree), group.start, group.sign, group.name)

    def _finish(self, group: _Group) -> Tree | None:
        """Close a group; operators that still wait for an operand become words."""
        joint, negation = group.joint, group.negation
        group.joint, group.negation, group.negated = None, None, False
        if joint:
            self._dangling(group, *joint)
        if negation is not None:
            self._dangling(group, "NOT", negation)
        return group.close()


def _many(kind: type[And | Or], operands: list[Tree]) -> Tree:
    """Join operands; a `+` before one of several says nothing and is dropped."""
    if len(operands) == 1:
        return operands[0]
    return kind(tuple(map(_plain, operands)), operands[0].start, operands[-1].end)


def _plain(node: Tree) -> Tree:
    return node.child if isinstance(node, Required) else node


def _negate(node: Tree, start: int) -> Tree:
    node = _plain(node)
    return node.child if isinstance(node, Not) else Not(node, start, node.end)
