"""Reading queries: what each piece of syntax means, and that nothing typed is ever refused."""

from __future__ import annotations

import pickle
import sys
import time

import pytest

from searchkit import limits
from searchkit.errors import QueryError
from searchkit.query.parse import parse
from searchkit.query.tree import (
    And,
    Everything,
    Field,
    Not,
    Or,
    Phrase,
    Prefix,
    Required,
    Sequence,
    Wildcard,
    Word,
    walk,
)


def words(*texts: str) -> tuple[Word, ...]:
    return tuple(map(Word, texts))


A, B, C, D = words("a", "b", "c", "d")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a", A),
        ("a b", Sequence((A, B))),
        ("  a\t\n b ", Sequence((A, B))),
        ('"a b" c', Sequence((Phrase("a b"), C))),
        ("+a -b c", Sequence((Required(A), Not(B), C))),
        ("a b*", Sequence((A, Prefix("b")))),
        ("a*b", Wildcard("a*b")),
        ("*a c", Sequence((Wildcard("*a"), C))),
        ("w?ld, title:*a*b?c*", Sequence((Wildcard("w?ld"), Field("title", Wildcard("*a*b?c*"))))),
        ("why? 2*x! **b**", Sequence((Word("why?"), Wildcard("2*x"), Prefix("**b")))),
        ('"a b"~2', Phrase("a b", slop=2)),
        ('-title:"a b"~12 c', Sequence((Not(Field("title", Phrase("a b", slop=12))), C))),
        ('("a b"~0)', Phrase("a b")),
        ("*", Everything()),
        ("**", Everything()),
        ("a AND b", And((A, B))),
        ("a OR b", Or((A, B))),
        ("NOT a", Not(A)),
        ("-a", Not(A)),
        ("(a)", A),
        ("((a b))", Sequence((A, B))),
        ("title:a", Field("title", A)),
        ('title:"a b"', Field("title", Phrase("a b"))),
        ("title:(a b)", Field("title", Sequence((A, B)))),
        ("title:a*", Field("title", Prefix("a"))),
        ("title:*", Field("title", Everything())),
        ("-title:a b", Sequence((Not(Field("title", A)), B))),
        ("year:>=2010", Field("year", Word(">=2010"))),
        ("year:-5", Field("year", Word("-5"))),
        ("year:2010..2020", Field("year", Word("2010..2020"))),
        ('+"a b" -(c d)', Sequence((Required(Phrase("a b")), Not(Sequence((C, D)))))),
        ("\u201ca b\u201d \u00abc\u00bb", Sequence((Phrase("a b"), Phrase("c")))),
        ("\u201ea b\u201c", Phrase("a b")),
    ],
)
def test_each_piece_of_syntax_is_read(text, tree):
    """The documented syntax gives the documented tree, without a warning, in both manners of reading."""
    assert parse(text).tree == tree
    assert parse(text).warnings == ()
    assert parse(text, strict=True).tree == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a AND b OR c", Or((And((A, B)), C))),
        ("a OR b AND c", Or((A, And((B, C))))),
        ("a b OR c d", Sequence((A, Or((B, C)), D))),
        ("NOT a AND b", And((Not(A), B))),
        ("NOT (a AND b)", Not(And((A, B)))),
        ("a AND NOT b", And((A, Not(B)))),
        ("a AND -b", And((A, Not(B)))),
        ("a AND +b", And((A, B))),
        ("a AND b AND c OR d", Or((And((A, B, C)), D))),
        ("(a OR b) AND c", And((Or((A, B)), C))),
        ("a OR (b OR c)", Or((A, Or((B, C))))),
        ("a NOT b", Sequence((A, Not(B)))),
        ("NOT NOT a", A),
        ("NOT -a", A),
        ("NOT NOT NOT a", Not(A)),
        ("-(-a)", A),
        ("+(-a) b", Sequence((Required(Not(A)), B))),
        ("+a", Required(A)),
        ("(+a) b", Sequence((A, B))),
        ("+(+a) b", Sequence((Required(A), B))),
        ("+a OR b", Or((A, B))),
    ],
)
def test_operators_bind_in_the_documented_order(text, tree):
    """NOT before AND before OR before standing side by side; signs belong to what follows them directly."""
    assert parse(text, strict=True).tree == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("and or not", Sequence(words("and", "or", "not"))),
        ("a - b", Sequence((A, Word("-"), B))),
        ("a + b", Sequence((A, Word("+"), B))),
        ("--help", Word("--help")),
        ("++i", Word("++i")),
        ("c++ c#", Sequence(words("c++", "c#"))),
        ("+c++", Required(Word("c++"))),
        ("utf-8", Word("utf-8")),
        ('12" vinyl', Sequence(words('12"', "vinyl"))),
        ("don\u2019t", Word("don\u2019t")),
        ("std::map", Word("std::map")),
        ("http://example.com/x:y", Word("http://example.com/x:y")),
        ("12:30", Word("12:30")),
        ("tags:", Word("tags:")),
        ("title:text:a", Field("title", Word("text:a"))),
        ("print(x)", Sequence(words("print", "x"))),
        ("+AND -OR", Sequence((Required(Word("and")), Not(Word("or"))))),
        ("title:AND", Field("title", Word("and"))),
        ("+-+-", Word("+-+-")),
        ("\x00", Word("\x00")),
        ("\ud800 a", Sequence((Word("\ud800"), A))),
        ("\u05e9\u05dc\u05d5\u05dd \u202ea", Sequence(words("\u05e9\u05dc\u05d5\u05dd", "\u202ea"))),
    ],
)
def test_plain_text_is_not_mistaken_for_operators(text, tree):
    """What people and programmers paste as words is read as words, without a warning."""
    assert parse(text).tree == tree
    assert parse(text).warnings == ()


@pytest.mark.parametrize(
    ("text", "tree", "told"),
    [
        ("", None, "the query is empty"),
        (" \n", None, "the query is empty"),
        ("()", None, "the query is empty"),
        ('""', None, "the query is empty"),
        ("((((", None, "a ( is never closed"),
        ("))))", None, "a ) closes nothing"),
        ("(a (b", Sequence((A, B)), "a ( is never closed"),
        ("a) b", Sequence((A, B)), "a ) closes nothing"),
        ('"a b', Sequence((A, B)), "a quotation mark has no partner"),
        ('title:"a b', Sequence((Field("title", A), B)), "a quotation mark has no partner"),
        ('-"title:a', Not(Field("title", A)), "a quotation mark has no partner"),
        ('-"-a', Not(A), "a quotation mark has no partner"),
        ("AND a", Sequence((Word("and"), A)), "AND has nothing to join"),
        ("a OR", Sequence((A, Word("or"))), "OR has nothing to join"),
        ("a NOT", Sequence((A, Word("not"))), "NOT has nothing to exclude"),
        ("a AND NOT", Sequence((A, Word("and"), Word("not"))), "AND has nothing to join"),
        ("NOT", Word("not"), "NOT has nothing to exclude"),
        ("a AND OR b", And((A, B)), "OR follows another operator"),
        ("NOT AND b", Not(B), "AND follows another operator"),
        ("(a OR) b", Sequence((Sequence((A, Word("or"))), B)), "OR has nothing to join"),
        ('"a"* b', Sequence((Phrase("a"), B)), "a * has no meaning after"),
        ('"a b"~ c', Sequence((Phrase("a b"), Word("~"), C)), "only before a whole number"),
        ('"a b"~x', Sequence((Phrase("a b"), Word("~x"))), "only before a whole number"),
        ('"a b"~9999', Phrase("a b", slop=limits.PHRASE_SLOP_MAX), "may stand between"),
        ("2*3", Word("2*3"), "only among letters and digits"),
        ("a.b*c", Word("a.b*c"), "only among letters and digits"),
    ],
)
def test_faults_are_read_leniently_with_a_warning_and_refused_strictly(text, tree, told):
    """A fault costs a warning that says what was done instead; strict reading raises with the same words."""
    parsed = parse(text)
    assert parsed.tree == tree
    assert any(told in warning for warning in parsed.warnings), parsed.warnings
    with pytest.raises(QueryError) as caught:
        parse(text, strict=True)
    assert 0 <= caught.value.start <= caught.value.end <= len(text)
    assert pickle.loads(pickle.dumps(caught.value)).start == caught.value.start


@pytest.mark.parametrize(
    ("text", "tree"), [("a AND () b", And((A, B))), ('a -"" b', Sequence((A, B))), ("f()", Word("f"))]
)
def test_empty_groups_and_quotes_are_as_if_absent(text, tree):
    """Nothing between parentheses or quotation marks changes nothing; only strict reading minds."""
    assert parse(text).tree == tree
    assert parse(text).warnings == ()
    with pytest.raises(QueryError):
        parse(text, strict=True)


def test_spans_point_at_the_text():
    """Each node knows where it stood, signs and names included."""
    text = 'x +title:"a b" (c OR d*)'
    spans = {str(node): text[node.start : node.end] for node, _ in walk(parse(text).tree)}
    assert spans["x"] == "x"
    assert spans['+title:"a b"'] == '+title:"a b"'
    assert spans['title:"a b"'] == 'title:"a b"'
    assert spans['"a b"'] == '"a b"'
    assert spans["c OR d*"] == "c OR d*"
    assert spans["d*"] == "d*"


def test_a_long_query_is_cut_with_a_warning():
    """Characters beyond the limit are left out, and said to be."""
    parsed = parse("word " * 10_000)
    assert len(parsed.text) == limits.QUERY_CHARACTERS_MAX
    assert isinstance(parsed.tree, Sequence)
    assert "4,096 characters" in parsed.warnings[0]
    with pytest.raises(QueryError) as caught:
        parse("word " * 1_000_000, strict=True)
    assert len(str(caught.value)) < 2 * limits.QUERY_CHARACTERS_MAX


def test_parentheses_deeper_than_the_limit_are_ignored():
    """Depth is bounded: the tree stays shallow, every word is kept, and the partners still match up."""
    depth = limits.QUERY_DEPTH_MAX + 100
    parsed = parse("(a " * depth + "b" + ")" * depth + " c")
    assert sum(isinstance(node, Word) for node, _ in walk(parsed.tree)) == depth + 2
    assert parsed.tree.children[-1] == C
    assert list(parsed.warnings) == [
        "column 193: parentheses are nested more than 64 deep; the inner ones were ignored"
    ]


def test_warnings_do_not_pile_up():
    """However often a fault is repeated it is told once."""
    assert len(parse(")" * 4_000 + " a AND OR b" * 3).warnings) == 2


def test_printing_and_walking_need_no_deep_stack():
    """The deepest tree is read, walked and printed within a few dozen Python frames."""
    text = "(x a OR b AND NOT f:" * limits.QUERY_DEPTH_MAX + "c" + ")" * limits.QUERY_DEPTH_MAX
    frame, depth = sys._getframe(), 0
    while frame:
        frame, depth = frame.f_back, depth + 1
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(depth + 50)
    try:
        printed = str(parse(text).tree)
        again = str(parse(printed).tree)
    finally:
        sys.setrecursionlimit(limit)
    assert printed == again
    assert printed.count("(") == limits.QUERY_DEPTH_MAX - 1


@pytest.mark.parametrize(
    "piece", ['"', "(", ")", "a AND ", "-", "*", '"a', "NOT ", "f:", 'f:"', "(a OR ", "\u201c", "+("]
)
def test_time_is_linear(piece):
    """Eight times the text takes about eight times the work, and never sixty-four."""

    def cost(times: int) -> float:
        started = time.thread_time()
        parse(piece * times)
        return time.thread_time() - started

    pieces = limits.QUERY_CHARACTERS_MAX // len(piece)
    cost(pieces)
    assert cost(pieces) < 32 * max(cost(pieces // 8), 1e-3)
