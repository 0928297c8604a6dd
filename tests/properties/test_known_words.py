"""The quick way for plain words, phrases and prefixes gives what the long way gives, from the first time on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import searchkit
from searchkit.errors import LimitExceeded, RequestError
from tests.support import corpora

words = st.sampled_from([*corpora.COMMON, *corpora.SCARCE, "absent", "Half", "AND", "OR", "not", "a1b2"])
signed = st.tuples(st.sampled_from(["", "", "+", "-", '"']), words, st.sampled_from(["", "", "*", '"', "?"])).map(
    "".join
)
gaps = st.sampled_from([" ", " ", "  ", "\t", "\u3000"])
plain = st.tuples(st.sampled_from(["", "+"]), st.lists(words, min_size=1, max_size=4)).map(
    lambda drawn: " ".join(drawn[0] + word for word in drawn[1])
)
phrases = st.lists(words, min_size=1, max_size=3).map(lambda drawn: f'"{" ".join(drawn)}"')
mixed = st.lists(st.tuples(signed, gaps).map("".join), max_size=4).map("".join)
queries = st.one_of(plain, phrases, words.map(lambda word: word[:3] + "*"), mixed)


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: Any) -> dict[str, searchkit.Snapshot]:
    """Both collections of `corpora.build`."""
    return corpora.build(tmp_path_factory.mktemp("corpus"))


@settings(deadline=None, max_examples=150)
@given(
    which=st.sampled_from(["whole", "worn"]),
    query=queries,
    mode=st.sampled_from(["any", "all"]),
    limit=st.sampled_from([0, 1, 10, 500]),
)
def test_the_quick_way_equals_the_long_way(
    snapshots: dict[str, searchkit.Snapshot], which: str, query: str, mode: Any, limit: int
) -> None:
    """The same documents, scores, total and warnings; whether the words are met for the first time or again."""
    snapshot = snapshots[which]
    plain_way = snapshot.search(query, limit, mode, engine="numpy")
    wanted = [(hit.place, hit.score) for hit in plain_way]
    for _ in range(2):
        found = snapshot.search(query, limit, mode, engine="numba")
        assert [(hit.place, hit.score) for hit in found] == wanted
        assert (found.total, found.warnings, len(found)) == (plain_way.total, plain_way.warnings, len(plain_way))


@pytest.mark.parametrize(
    "query", ["half half", "half third half", "+half third", "half AND third", "hal* third", '"half"']
)
def test_what_is_not_so_plain_takes_the_long_way(snapshots: dict[str, searchkit.Snapshot], query: str) -> None:
    """Repeated words, signs before some of them, operators, and groups beside words are not answered here."""
    snapshot = snapshots["whole"]
    for known in ("half third", "+half"):
        snapshot.search(known, engine="numba")
    assert snapshot.quick(query, 10, "any", "numba") is None
    assert snapshot.quick("third half", 10, "any", "numba") is not None


@pytest.mark.parametrize("query", ["title:ha*", "title:t*", "text:hundred*", "title:clus*"])
def test_a_prefix_in_one_field_counts_live_documents_of_that_field(
    snapshots: dict[str, searchkit.Snapshot], query: str
) -> None:
    """Which is fewer than hold it anywhere, and than held it before some were deleted."""
    snapshot = snapshots["worn"]
    fast, plain_way = (snapshot.search(query, engine=engine) for engine in ("numba", "numpy"))
    assert fast.total == plain_way.total > 0


def test_words_are_forgotten_when_there_are_too_many(
    snapshots: dict[str, searchkit.Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded: beyond a number of words all are forgotten, and answers stay the same."""
    from searchkit.search import known_words

    monkeypatch.setattr(known_words, "_WORDS_REMEMBERED_MAX", 5)
    snapshot = snapshots["whole"]
    for number in range(40):
        text = f"half made{number} third"
        fast, plain_way = (snapshot.search(text, engine=engine) for engine in ("numba", "numpy"))
        assert [(hit.place, hit.score) for hit in fast] == [(hit.place, hit.score) for hit in plain_way]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("half", -1), RequestError),
        (("half", 10_001), LimitExceeded),
        (("half", "10"), RequestError),
        ((7,), RequestError),
        (("half", 10, "most"), RequestError),
        (("half", 10, ["any"]), RequestError),
        (('"half third"', -1), RequestError),
        (("hal*", 10_001), LimitExceeded),
    ],
)
def test_what_no_search_can_mean_is_refused_as_ever(
    snapshots: dict[str, searchkit.Snapshot], arguments: tuple[Any, ...], error: type[Exception]
) -> None:
    """Once the kernels are there, too, and for words that are known."""
    snapshot = snapshots["whole"]
    for query in ("half", '"half third"', "hal*"):
        snapshot.search(query, engine="numba")
    with pytest.raises(error):
        snapshot.search(*arguments, engine="numba")
