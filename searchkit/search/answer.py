"""What a search found, and where its hits fetch what they show.

An answer is places and scores; everything a person sees of it is worked out when it is first looked at, and what
that costs to set up is shared by the hits of one search. What this module does not know: how it was ranked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from searchkit.analysis.analyzer import Analyzer
from searchkit.index.snapshot import IndexSnapshot
from searchkit.model.results import Hits, hits_of
from searchkit.model.snippet import Snippet
from searchkit.query.planning import plan_query
from searchkit.search.execute import Ranking
from searchkit.search.highlight import Highlighter
from searchkit.search.request import Mode
from searchkit.search.resolve import ResolvedPlan, resolve


class Answer:
    """An answer to a query, as `model.results` sees it.

    Parameters
    ----------
    held : IndexSnapshot
    analyzer : Analyzer
    query : str
    mode : {"any", "all"}
    total : int or function
        Documents that match, or what counts them; it is called when that is first asked for.
    resolved : ResolvedPlan, optional
        The plan that was ranked, if one was made; else it is made when it is needed.

    Attributes
    ----------
    id : function
        Gives the id of the document at a place.
    """

    __slots__ = ("_analyzer", "_held", "_highlighter", "_mode", "_query", "_resolved", "_total", "id")

    def __init__(
        self,
        held: IndexSnapshot,
        analyzer: Analyzer,
        query: str,
        mode: Mode,
        total: int | Callable[[], int],
        resolved: ResolvedPlan | None = None,
    ) -> None:
        self._held = held
        self.id = held.id
        self._analyzer = analyzer
        self._query = query
        self._mode: Mode = mode
        self._total = total
        self._resolved: ResolvedPlan | None = resolved
        self._highlighter: Highlighter | None = None

    def _plan(self) -> ResolvedPlan:
        if self._resolved is None:
            plan = plan_query(self._query, self._held.schema, self._analyzer, self._mode)
            self._resolved = resolve(plan, self._held)
        return self._resolved

    def total(self) -> int:
        """Documents that match."""
        if not isinstance(self._total, int):
            self._total = self._total()
        return self._total

    def warnings(self) -> tuple[str, ...]:
        """What of the query was not understood."""
        return self._plan().warnings

    def corrections(self) -> tuple[str, ...]:
        """Better spellings that find more."""
        from searchkit.search.assist import assistant_of
        from searchkit.search.engines import engine_for_words

        assistant = assistant_of(self._held, self._analyzer)
        found = assistant.correct(self._query, self._mode, engine_for_words("auto"), thorough=False)
        return () if found is None else (found.text, *(other.text for other in found.alternatives))

    def record(self, place: int) -> dict[str, Any]:
        """The stored record of the document at a place."""
        return self._held.record(place)

    def snippet(self, record: dict[str, Any]) -> Snippet:
        """The piece of a record that shows why it was found."""
        if self._highlighter is None:
            resolved = self._plan()
            weights = {leaf.leaf: leaf.idf for leaf in resolved.leaves}
            self._highlighter = Highlighter(resolved.plan, self._analyzer, weights=weights)
        names = self._held.schema.text_fields
        # The body says most about a page; titles and addresses are shown beside the snippet anyway.
        fields = [name for name in ("text", *names) if name not in ("title", "url")] + ["title"]
        texts = (record.get(name) for name in fields)
        return self._highlighter.snippet(next((text for text in texts if isinstance(text, str) and text), ""))


def ranked_answer(
    held: IndexSnapshot, analyzer: Analyzer, query: str, mode: Mode, ranking: Ranking, resolved: ResolvedPlan
) -> tuple[Answer, Hits]:
    """An answer of a plan that was ranked, and its hits."""
    answer = Answer(held, analyzer, query, mode, lambda: ranking.total, resolved)
    return answer, hits_of(ranking.pairs(), answer)
