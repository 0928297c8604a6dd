"""Binding: typed words become terms of an index, by its schema and analyzer."""

from __future__ import annotations

import math
import sys

import pytest

from searchkit import limits
from searchkit.errors import QueryError
from searchkit.model.schema import Date, Keyword, Number, Schema, Text
from searchkit.query.bind import bind
from searchkit.query.parse import parse
from searchkit.query.plan import (
    Bool,
    EverythingLeaf,
    KeywordLeaf,
    Node,
    PhraseLeaf,
    Plan,
    PrefixLeaf,
    RangeLeaf,
    TermLeaf,
)
from searchkit.query.planning import plan_query
from tests.support.plain_analyzer import PlainAnalyzer

SCHEMA = Schema(title=Text(weight=2.0), text=Text(), tags=Keyword(), year=Number(), published=Date())
ALL, TITLE = 3, 1
ANALYZER = PlainAnalyzer()


def plan(text: str, mode: str = "any") -> Plan:
    return plan_query(text, SCHEMA, ANALYZER, mode)


def term(text: str, fields: int = ALL) -> TermLeaf:
    return TermLeaf(text, fields)


A, B, C = map(term, "abc")


def bool_(must: tuple[Node, ...] = (), should: tuple[Node, ...] = (), must_not: tuple[Node, ...] = ()) -> Bool:
    return Bool(must, should, must_not)


@pytest.mark.parametrize(
    ("text", "in_any", "in_all"),
    [
        ("a", A, A),
        ("a b", bool_(should=(A, B)), bool_(must=(A, B))),
        ("a a", A, A),
        ("+a b", bool_(must=(A,), should=(B,)), bool_(must=(A, B))),
        ("a -b", bool_(should=(A,), must_not=(B,)), bool_(must=(A,), must_not=(B,))),
        ("-b", bool_(must_not=(B,)), bool_(must_not=(B,))),
        ("a OR b", bool_(should=(A, B)), bool_(should=(A, B))),
        ("a AND b", bool_(must=(A, B)), bool_(must=(A, B))),
        ("a AND NOT b", bool_(must=(A,), must_not=(B,)), bool_(must=(A,), must_not=(B,))),
        ("a OR NOT b", bool_(should=(A, bool_(must_not=(B,)))), bool_(should=(A, bool_(must_not=(B,))))),
        ("-(a b)", bool_(must_not=(A, B)), bool_(must_not=(A, B))),
        ("NOT (a AND b)", bool_(must_not=(bool_(must=(A, B)),)), bool_(must_not=(bool_(must=(A, B)),))),
        ("a (b OR c)", bool_(should=(A, B, C)), bool_(must=(A, bool_(should=(B, C))))),
        ("+(-a -b) c", bool_(must_not=(A, B)), bool_(must=(C,), must_not=(A, B))),
        ("+(-a) b", bool_(must_not=(A,)), bool_(must=(B,), must_not=(A,))),
        ("*", EverythingLeaf(), EverythingLeaf()),
        ("* -a", bool_(should=(EverythingLeaf(),), must_not=(A,)), bool_(must=(EverythingLeaf(),), must_not=(A,))),
        ("a AND !!!", A, A),
        ("a -!!!", A, A),
        ("words", term("word"), term("word")),
    ],
)
def test_joints(text, in_any, in_all):
    """Mode decides only what stands side by side, and never within an exclusion; the tree is as flat as can be."""
    assert plan(text).root == in_any
    assert plan(text, "all").root == in_all


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("os.path", PhraseLeaf(("os", "path"), ALL)),
        ('"a b"', PhraseLeaf(("a", "b"), ALL)),
        ('"a"', A),
        ("title:a", term("a", TITLE)),
        ("title:os.path", PhraseLeaf(("os", "path"), TITLE)),
        ("title:(a b)", bool_(should=(term("a", TITLE), term("b", TITLE)))),
        ("title:(a text:b)", bool_(should=(term("a", TITLE), term("b", 2)))),
        ("title:(text:b)", term("b", 2)),
        ("Run*", PrefixLeaf("run", (), ALL)),
        ("cats*", PrefixLeaf("cats", ("cat",), ALL)),
        ("os.pa*", bool_(must=(term("os"), PrefixLeaf("pa", (), ALL)))),
        ("foo.*", term("foo")),
        ("a,b", bool_(should=(A, B))),
        ("+a,b", bool_(must=(A, B))),
        ("\u6771\u4eac\u5927", bool_(should=(term("\u6771\u4eac"), term("\u4eac\u5927")))),
        ("+\u6771\u4eac\u5927", bool_(must=(term("\u6771\u4eac"), term("\u4eac\u5927")))),
        ("a AND \u6771\u4eac\u5927", bool_(must=(A, term("\u6771\u4eac"), term("\u4eac\u5927")))),
        ("-\u6771\u4eac\u5927", bool_(must_not=(bool_(must=(term("\u6771\u4eac"), term("\u4eac\u5927"))),))),
        ('"\u6771\u4eac\u5927"', PhraseLeaf(("\u6771\u4eac", "\u4eac\u5927"), ALL)),
        ("\u6771", PrefixLeaf("\u6771", (), ALL)),
        ("\u6771*", PrefixLeaf("\u6771", (), ALL)),
        ("\u6771\u4eac*", term("\u6771\u4eac")),
        ("python\u6771\u4eac", bool_(should=(term("python"), term("\u6771\u4eac")))),
    ],
)
def test_words_become_leaves(text, root):
    """Compounds are phrases, unspaced script is bigrams, a prefix keeps its stem, a name narrows the mask."""
    assert plan(text).root == root


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("tags:python", KeywordLeaf("tags", "python")),
        ('tags:"Two words"', KeywordLeaf("tags", "Two words")),
        ("tags:c++", KeywordLeaf("tags", "c++")),
        ("tags:(x y)", bool_(should=(KeywordLeaf("tags", "x"), KeywordLeaf("tags", "y")))),
        ("tags:\ud800", KeywordLeaf("tags", "\ufffd")),
        ("year:2010", RangeLeaf("year", 2010.0, 2010.0)),
        ("year:2010..2020", RangeLeaf("year", 2010.0, 2020.0)),
        ("year:>2010", RangeLeaf("year", math.nextafter(2010.0, math.inf), math.inf)),
        ("year:-5", RangeLeaf("year", -5.0, -5.0)),
        ('year:"2010 .. 2020"', RangeLeaf("year", 2010.0, 2020.0)),
        ("published:<1970-01-02", RangeLeaf("published", -math.inf, math.nextafter(86_400.0, 0.0))),
        ("-tags:x", bool_(must_not=(KeywordLeaf("tags", "x"),))),
    ],
)
def test_other_kinds_of_fields(text, root):
    """Keywords are matched whole and as typed; numbers and dates as inclusive ranges; none of them is scored."""
    assert plan(text) == Plan(root)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the query is empty"),
        ("!!!", "nothing is left of the query but punctuation"),
        ("foo:bar", "there is no field 'foo'"),
        ('Foo:"a b"', "there is no field 'Foo'"),
        ("foo:(a b)", "(fields: title, text, tags, year, published)"),
        ("year:abc", "year holds numbers, and 'abc' is none"),
        ("published:2024-13", "published holds dates"),
        ("year:20*", "year holds numbers"),
        ("year:2020..2010", "ends before it begins"),
        ("tags:py*", "tags is matched whole"),
        ("title:*", "title:* is not understood"),
    ],
)
def test_what_cannot_be_bound_warns_or_raises(text, told):
    """A lenient plan says what was read otherwise; a strict one is refused with a place in the text."""
    (warning,) = plan(text).warnings
    assert told in warning
    with pytest.raises(QueryError) as caught:
        plan_query(text, SCHEMA, ANALYZER, strict=True)
    assert 0 <= caught.value.start <= caught.value.end <= len(text)


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("foo:bar", PhraseLeaf(("foo", "bar"), ALL)),
        ("title:foo:bar", PhraseLeaf(("foo", "bar"), TITLE)),
        ("foo:ba*", bool_(must=(term("foo"), PrefixLeaf("ba", (), ALL)))),
        ("foo:(a b)", bool_(should=(term("foo"), A, B))),
        ("foo:(title:a)", bool_(should=(term("foo"), term("a", TITLE)))),
        ("year:abc", term("abc")),
        ("year:2020..2010", RangeLeaf("year", 2010.0, 2020.0)),
        ("title:*", EverythingLeaf()),
        ("tags:py*", KeywordLeaf("tags", "py*")),
        ("!!!", None),
        ("", None),
    ],
)
def test_what_cannot_be_bound_is_read_as_text(text, root):
    """An unknown name, or a value that does not fit its field, is searched for as it stands."""
    assert plan(text).root == root


@pytest.mark.parametrize("text", ["http://example.com/a", "std::map", "C:\\temp", "Re:Zero", "12:30"])
def test_names_nobody_meant_do_not_warn(text):
    """A colon in a link, a path or a title is not a mistyped field."""
    assert plan(text).warnings == ()


def test_scored_leaves_count_and_keep_the_order_of_the_text():
    """Every ranking word once, with its multiplicity, as first typed; excluded words and filters are not among them."""
    scored = plan('b +a -(c x) "b a" b title:a (a OR tags:y) ru* NOT (d -e)').scored
    assert scored == (
        (B, 2),
        (A, 2),
        (PhraseLeaf(("b", "a"), ALL), 1),
        (term("a", TITLE), 1),
        (PrefixLeaf("ru", (), ALL), 1),
    )
    assert plan("b b a", "all").scored == plan("b b a").scored == ((B, 2), (A, 1))


def test_too_many_words_are_cut_with_a_warning():
    """Leaves beyond the limit are left out, one warning in all; a strict query is refused."""
    text = " ".join(chr(0x4E00 + i) + chr(0x5E00 + i) for i in range(1_300))
    bound = plan(text)
    assert len(bound.scored) == limits.QUERY_LEAVES_MAX
    assert len(bound.root.should) == limits.QUERY_LEAVES_MAX
    assert [warning for warning in bound.warnings if "1,024 words" in warning] == list(bound.warnings)
    with pytest.raises(QueryError):
        plan_query(text, SCHEMA, ANALYZER, strict=True)


def test_a_long_phrase_is_cut_with_a_warning():
    """A phrase has no more terms than a query may have words."""
    bound = plan('"' + "a " * 1_500 + '"')
    assert bound.root == PhraseLeaf(("a",) * limits.QUERY_LEAVES_MAX, ALL)
    assert "a phrase has more than 1,024 words" in bound.warnings[0]


def test_the_mode_of_binding_wins_over_that_of_parsing():
    """A parsed query can be bound again in another mode."""
    parsed = parse("a b", mode="all")
    assert bind(parsed, SCHEMA, ANALYZER).root == bool_(must=(A, B))
    assert bind(parsed, SCHEMA, ANALYZER, "any").root == bool_(should=(A, B))


def depth_of(node: Node) -> int:
    if not isinstance(node, Bool):
        return 0
    return 1 + max(depth_of(child) for child in (*node.must, *node.should, *node.must_not))


@pytest.mark.parametrize("mode", ["any", "all"])
def test_the_deepest_query_makes_a_plan_that_recursion_can_follow(mode):
    """Binding needs no deep stack, and a plan nests at most three Bools for each pair of parentheses."""
    text = "(x a OR b AND NOT title:" * limits.QUERY_DEPTH_MAX + "c" + ")" * limits.QUERY_DEPTH_MAX
    frame, depth = sys._getframe(), 0
    while frame:
        frame, depth = frame.f_back, depth + 1
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(depth + 50)
    try:
        bound = plan(text, mode)
    finally:
        sys.setrecursionlimit(limit)
    assert 64 <= depth_of(bound.root) <= 3 * limits.QUERY_DEPTH_MAX


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("a tags:x", bool_(must=(TermLeaf("a", ALL), KeywordLeaf("tags", "x")))),
        ("tags:x a b", bool_(must=(bool_(should=(TermLeaf("a", ALL), TermLeaf("b", ALL))), KeywordLeaf("tags", "x")))),
        ("+a b tags:x", bool_(must=(TermLeaf("a", ALL), KeywordLeaf("tags", "x")), should=(TermLeaf("b", ALL),))),
        ("tags:x year:2010", bool_(must=(KeywordLeaf("tags", "x"), RangeLeaf("year", 2010.0, 2010.0)))),
        ("tags:x tags:y", bool_(should=(KeywordLeaf("tags", "x"), KeywordLeaf("tags", "y")))),
        ("a OR tags:x", bool_(should=(TermLeaf("a", ALL), KeywordLeaf("tags", "x")))),
    ],
)
def test_keywords_and_ranges_narrow_down(text, root):
    """Beside words they are filters: any value of a field, every field; under OR they are alternatives."""
    assert plan(text).root == root


@pytest.mark.parametrize(
    ("text", "leaves"),
    [
        ("boundary-layer", ["boundary", "layer"]),
        ("utf-8", [("utf", "8")]),
        ("e-mail", [("e", "mail")]),
        ("os.path", [("os", "path")]),
        ("well-known.os", ["well", ("known", "os")]),
    ],
)
def test_a_hyphen_between_words_is_a_space(text, leaves):
    """Words joined by a hyphen are looked for one by one; what means nothing in pieces stays together."""
    wanted = [TermLeaf(leaf, ALL) if isinstance(leaf, str) else PhraseLeaf(leaf, ALL) for leaf in leaves]
    assert [leaf for leaf, _ in plan(text).scored] == wanted
