"""Queries under any text: nothing raises, printing can be read back, and the modes keep their promise."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from searchkit import limits
from searchkit.analysis.analyzer import analyzer
from searchkit.errors import QueryError
from searchkit.model.schema import Date, Keyword, Number, Schema, Text
from searchkit.query.parse import parse
from searchkit.query.plan import Bool, KeywordLeaf, Node, PhraseLeaf, PrefixLeaf, RangeLeaf, TermLeaf, WildcardLeaf
from searchkit.query.planning import plan_query
from searchkit.query.tree import walk
from tests.reference import boolean
from tests.support.plain_analyzer import PlainAnalyzer
from tests.support.plans import root_as_tuples

SCHEMA = Schema(title=Text(weight=2.0), text=Text(), tags=Keyword(), year=Number(), published=Date())
ANALYZER = PlainAnalyzer()

any_text = st.text(st.characters(), max_size=60)  # Lone surrogates and controls included.
FRAGMENTS = (
    'a b ab b-a AND OR NOT + - -- ( ) " \u201c * : title: tags: year: published: foo: 2010 .. >= < 2024-05 '
    "\u6771\u4eac \u6771 ! \x00 \ud800 \u202e http:// c++ a* +a -b text:a tags:x ~ ~2 a*b *a b?a ?"
).split(" ")
fragments = st.sampled_from([*FRAGMENTS, " ", " ", " ", "\t", '"a b"', '"a b"~1', "(a b)"])
built_text = st.lists(fragments, max_size=40).map("".join)
query_text = built_text | any_text
modes = st.sampled_from(["any", "all"])

terms = st.lists(st.sampled_from(["a", "b", "ab", "aa", "c", "\u6771\u4eac"]), max_size=6)
documents = st.lists(
    st.fixed_dictionaries(
        {
            "title": terms,
            "text": terms,
            "tags": st.lists(st.sampled_from(["x", "a"]), max_size=2),
            "year": st.lists(st.sampled_from([5.0, 2010.0, 2012.0]), max_size=1),
            "published": st.lists(st.sampled_from([0.0, 1.7146e9]), max_size=1),
        }
    ),
    max_size=6,
)


def nodes_of(node: Node | None) -> list[Node]:
    waiting = [node] if node else []
    found = []
    while waiting:
        found.append(waiting.pop())
        if isinstance(found[-1], Bool):
            waiting.extend((*found[-1].must, *found[-1].should, *found[-1].must_not))
    return found


def texts_of(node: Node) -> list[str]:
    """Everything in a leaf that will be looked up."""
    match node:
        case TermLeaf(term, _):
            return [term]
        case PhraseLeaf(terms, _):
            return list(terms)
        case PrefixLeaf(prefix, also, _):
            return [prefix, *also]
        case WildcardLeaf(pattern, _):
            return [pattern]
        case KeywordLeaf(_, value):
            return [value]
    return []


@given(text=query_text, mode=modes, with_analyzer=st.sampled_from([ANALYZER, analyzer("en"), analyzer("none")]))
def test_any_text_gives_a_plan(text, mode, with_analyzer):
    """Lenient reading never raises; the plan is bounded, can be looked up, has no empty Bool, and says what is odd."""
    plan = plan_query(text, SCHEMA, with_analyzer, mode)
    nodes = nodes_of(plan.root)
    for node in nodes:
        for piece in texts_of(node):
            piece.encode()  # Valid UTF-8, as the index needs it.
        assert not isinstance(node, PrefixLeaf) or node.prefix
        assert not isinstance(node, PhraseLeaf) or (len(node.terms) > 1 and node.slop <= limits.PHRASE_SLOP_MAX)
        assert not isinstance(node, WildcardLeaf) or node.pattern.strip("*?")
        assert not isinstance(node, RangeLeaf) or node.low <= node.high
    assert all(node.must or node.should or node.must_not for node in nodes if isinstance(node, Bool))
    assert (plan.root is None) <= bool(plan.warnings)
    assert sum(times for _, times in plan.scored) <= limits.QUERY_LEAVES_MAX
    assert len({leaf for leaf, _ in plan.scored}) == len(plan.scored)
    assert all(isinstance(warning, str) and warning for warning in plan.warnings)


@given(text=query_text)
def test_strict_reading_raises_one_error_or_agrees(text):
    """Strict reading raises `QueryError` with a place in the text, or gives the lenient plan without warnings."""
    lenient = plan_query(text, SCHEMA, ANALYZER)
    try:
        strict = plan_query(text, SCHEMA, ANALYZER, strict=True)
    except QueryError as error:
        assert 0 <= error.start <= error.end <= len(text)
        assert str(error)
    else:
        assert strict == lenient
        assert strict.warnings == ()


@given(text=query_text)
def test_a_printed_tree_reads_back_as_itself(text):
    """`str(tree)` is a query with the same tree, whatever was typed."""
    tree = parse(text).tree
    assume(tree is not None)
    printed = str(tree)
    assume(len(printed) <= limits.QUERY_CHARACTERS_MAX)
    again = parse(printed)
    assert again.tree == tree
    assert str(again.tree) == printed


@given(text=query_text)
def test_spans_lie_within_their_parents(text):
    """Every node stands within the text, and its children within it, in order."""
    parsed = parse(text)
    nodes = walk(parsed.tree) if parsed.tree else []
    for node, below in nodes:
        assert 0 <= node.start < node.end <= len(text)
        children = [nodes[child][0] for child in below]
        assert all(node.start <= child.start and child.end <= node.end for child in children)
        assert all(one.end <= two.start for one, two in pairwise(children))


@given(text=built_text, documents=documents)
def test_all_finds_a_part_of_what_any_finds(text, documents):
    """Mode "all" never finds a document that mode "any" does not; the words that rank are the same."""
    plan_any, plan_all = (plan_query(text, SCHEMA, ANALYZER, mode) for mode in ("any", "all"))
    found_any, found_all = (boolean.matching(documents, root_as_tuples(p, SCHEMA)) for p in (plan_any, plan_all))
    assert found_all <= found_any
    assert plan_any.scored == plan_all.scored


operand = st.sampled_from(["a", "b", "ab", '"a b"', "title:a", "tags:x", "year:2010", "a*", "(a b)", "-(a OR c)"])


@given(left=operand, right=operand, mode=modes, documents=documents)
def test_operators_are_set_operations(left, right, mode, documents):
    """AND is the intersection, OR the union, NOT and `-` the difference, and `+` requires."""

    def found(text: str) -> set[int]:
        return boolean.matching(documents, root_as_tuples(plan_query(text, SCHEMA, ANALYZER, mode), SCHEMA))

    everything = set(range(len(documents)))
    x, y = found(f"({left})"), found(f"({right})")
    assert found("*") == everything
    assert found(f"({left}) AND ({right})") == x & y
    assert found(f"({left}) OR ({right})") == x | y
    assert found("a AND NOT b") == found("a -b") == found("a") - found("b")
    assert found(f"+({left}) +({right})") == x & y
    if not right.startswith("-"):  # An exclusion excludes even where the other clauses are optional.
        narrows = right in ("tags:x", "year:2010")  # A keyword or a range beside words is a filter in either mode.
        assert found(f"+({left}) ({right})") == (x & y if narrows or mode == "all" else x)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\x00",
        "\ud800",
        "(" * 5_000,
        '"' * 4_999,
        "+-" * 2_500,
        "NOT " * 1_200,
        "a AND " * 800,
        "word " * 10_000,
        "\u202e" * 100,
    ],
)
@pytest.mark.parametrize("mode", ["any", "all"])
def test_known_hard_texts(text, mode):
    """The classics, each in both modes: a plan, or nothing to look for."""
    plan = plan_query(text, SCHEMA, ANALYZER, mode)
    assert plan.root is not None or not plan.scored
