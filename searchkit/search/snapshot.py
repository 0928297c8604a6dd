"""One commit of an index, as those who ask see it: searched, explained, completed, read.

What a snapshot can be asked is all here; how it is answered is told in the modules beside. Nothing is loaded before
it is needed. What this module does not know: directories, and which commit is the newest.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, Self

from searchkit.analysis.analyzer import Analyzer
from searchkit.errors import Closed, DocumentMissing, RequestError
from searchkit.index.snapshot import IndexSnapshot
from searchkit.model.results import Results
from searchkit.query.planning import plan_query
from searchkit.rank.bm25 import DEFAULT_B, DEFAULT_K1
from searchkit.search.answer import ranked_answer
from searchkit.search.engines import Engine, engine_for_words, known_words, rank
from searchkit.search.execute import parameters_of
from searchkit.search.request import Mode, check_parameters, check_request, check_typed, check_weights
from searchkit.search.resolve import resolve

if TYPE_CHECKING:
    from searchkit.index.querylog import QueryLog
    from searchkit.model.explanation import Explanation
    from searchkit.model.suggestions import Correction, Suggestion
    from searchkit.search.assist import Assistant
    from searchkit.search.known_words import KnownWords

_COMPILED = ("auto", "numba")


class Snapshot:
    """One commit of an index, unchanged for as long as it is held. Usable from many threads.

    Its searches are not counted in the query log, as those of an `Index` are; its completions look into it.

    Get one from `Index.snapshot`, and use it in a ``with`` block or let it go.
    """

    def __init__(self, held: IndexSnapshot, analyzer: Analyzer, log: QueryLog | None = None) -> None:
        self._log = log
        self._held: IndexSnapshot | None = held
        self._analyzer = analyzer
        self._assistant: Assistant | None = None
        self.known_words: KnownWords | None = None
        """The quick way for plain words, once the kernels are there; see `quick`."""

    @property
    def held(self) -> IndexSnapshot:
        """The segments and statistics of this commit."""
        if self._held is None:
            raise Closed("snapshot")
        return self._held

    @property
    def generation(self) -> int:
        """Number of the commit."""
        return self.held.generation

    @property
    def documents(self) -> int:
        """Live documents."""
        return self.held.documents

    def search(
        self,
        query: str,
        limit: int = 10,
        mode: Mode = "any",
        *,
        ranking: Literal["bm25"] = "bm25",
        k1: float = DEFAULT_K1,
        b: float = DEFAULT_B,
        weights: Mapping[str, float] | None = None,
        strict: bool = False,
        engine: Engine = "auto",
    ) -> Results:
        """Find the best documents for a query.

        Parameters
        ----------
        query : str
            Words, "phrases", "near words"~3, +must, -mustnot, AND, OR, NOT, ( ), field:word, prefix*,
            w?ld*card; see query/parse.py. Any text at all gives an answer; what was not understood stands in
            `Results.warnings`.
        limit : int, 0 to `limits.HITS_MAX`
        mode : {"any", "all"}
            Whether a document must hold any or all of the words that stand side by side.
        ranking : {"bm25"}
            Plain BM25F.
        k1 : float, `limits.PARAMETER_MIN` to `limits.PARAMETER_MAX`
        b : float, 0 to 1
        weights : mapping of str to float, optional
            Other weights for some text fields. Like k1 and b, free to change from query to query.
        strict : bool
            Raise `QueryError` for a malformed query instead of reading it as well as possible.
        engine : {"auto", "numpy", "numba"}
            Who computes; the answers are identical. "auto" starts with NumPy and changes to the compiled
            kernels once a process has asked enough to be worth loading them.

        Returns
        -------
        Results
            Sorted by score, then by order of arrival.
        """
        if weights is None and k1 == DEFAULT_K1 and b == DEFAULT_B and ranking == "bm25" and engine in _COMPILED:
            quick = self.quick(query, limit, mode, engine)
            if quick is not None:
                return quick
        started = time.perf_counter()
        held = self.held
        check_request(query, limit, mode, ranking)
        check_parameters(k1, b)
        check_weights(weights)
        plan = plan_query(query, held.schema, self._analyzer, mode, strict)
        resolved = resolve(plan, held)
        field_weights = held.schema.with_weights(**weights).weights if weights else held.schema.weights
        ranked = rank(held, resolved, parameters_of(held, field_weights, k1, b), limit, engine)
        made = ranked_answer, (held, self._analyzer, query, mode, ranked, resolved)
        return Results(query, made, (time.perf_counter() - started) * 1e3, held.generation)

    def quick(self, query: str, limit: int = 10, mode: Mode = "any", engine: Engine = "auto") -> Results | None:
        """As `search` without options, if the query is one for the quick way and the kernels are there; else None."""
        known = self.known_words
        if known is None:
            known = self.known_words = known_words(self.held, self._analyzer, engine)
            if known is None:
                return None
        return known.search(query, limit, mode)

    def search_many(
        self,
        queries: Iterable[str],
        limit: int = 10,
        mode: Mode = "any",
        *,
        threads: int | None = None,
        **options: Any,
    ) -> list[Results]:
        """Answers to many queries, in their order, from the same commit. Options as in `search`.

        Parameters
        ----------
        threads : int, optional
            How many threads answer: 1 or more; as many as there are processors, and one for a small batch, when
            left out. The compiled kernels run side by side.
        """
        from searchkit.search.many import in_threads

        if threads is not None and (not isinstance(threads, int) or threads < 1):
            raise RequestError(f"a batch is answered by 1 thread or more, not {threads!r}")
        return in_threads(lambda query: self.search(query, limit, mode, **options), list(queries), threads)

    def explain(
        self, query: str, id: str, mode: Mode = "any", *, k1: float = DEFAULT_K1, b: float = DEFAULT_B
    ) -> Explanation:
        """Take the score of one document apart, whether or not it is a result.

        Raises
        ------
        DocumentMissing
            If there is no live document with this id.
        """
        from searchkit.search.explain import explain

        held = self.held
        check_parameters(k1, b)
        place = self._place(id)
        plan = plan_query(query, held.schema, self._analyzer, mode)
        return explain(held, resolve(plan, held), parameters_of(held, held.schema.weights, k1, b), place)

    def suggest(
        self,
        prefix: str,
        limit: int = 8,
        *,
        within: str | None = None,
        site: str | None = None,
        language: str | None = None,
    ) -> list[Suggestion]:
        """Complete what is being typed: its last word, a whole title or, if the query log is on, a query asked before.

        Parameters
        ----------
        prefix : str
            All that was typed so far; any text at all.
        limit : int, 0 to `limits.SUGGESTIONS_MAX`
        within : str, optional
            A query as for `search`, mode "all": only documents it finds count.
        site : str, optional
            A host; only documents of it, and of hosts below it, count. Whose a document is, its id says if that is an
            address, else its `url`.
        language : str, optional
            Only documents with this value of the keyword `language` count.

        Returns
        -------
        list of Suggestion
            Best first; what they are ordered by is told in `searchkit.suggest.complete`. With a filter, everything is as
            if there were no other documents: weights, counts of pairs, and what is offered. The first time a filter is
            used, its documents are read, or all others if these are fewer; the last `assist.FILTERS_REMEMBERED` filters
            are kept for as long as the commit is the newest.

        Raises
        ------
        RequestError, LimitExceeded
            If something asked for makes no sense.
        """
        held = self.held
        check_typed(prefix, limit)
        if within is None and site is None and language is None:
            assistant = self._assistant or self._own_assistant()
        else:
            from searchkit.search.assist import assistant_of
            from searchkit.search.within import checked

            assistant = assistant_of(held, self._analyzer, checked(within, site, language))
        return assistant.suggest(prefix, limit, self._log, engine_for_words("auto"))

    def _own_assistant(self) -> Assistant:
        """Who completes and corrects from the whole commit; importing him is not cheap."""
        from searchkit.search.assist import assistant_of

        self._assistant = found = assistant_of(self.held, self._analyzer)
        return found

    def correct(self, text: str, mode: Mode = "any", *, engine: Engine = "auto") -> Correction | None:
        """A better spelling of a query: one that is likelier, and finds more.

        Parameters
        ----------
        text : str
            A query as for `search`; any text at all. Quotes, fields and operators stay as they are.
        mode : {"any", "all"}
            The one it would be searched in, by which hits are counted.
        engine : {"auto", "numpy", "numba"}
            Who computes; the answers are the same.

        Returns
        -------
        Correction or None
            None if the query is best left alone, or nothing finds more.
        """
        assistant = self._assistant or self._own_assistant()
        check_request(text, 0, mode, "bm25")
        return assistant.correct(text, mode, engine_for_words(engine))

    def get(self, id: str) -> dict[str, Any]:
        """The stored record of a document; raises DocumentMissing if there is none."""
        return self.held.record(self._place(id))

    def __contains__(self, id: str) -> bool:
        return self.held.find(id) is not None

    def __len__(self) -> int:
        return self.documents

    def export(self) -> Iterator[dict[str, Any]]:
        """Every stored record, in order of arrival."""
        held = self.held
        for place in held.live_places().tolist():
            yield held.record(place)

    def _place(self, id: str) -> int:
        place = self.held.find(id)
        if place is None:
            raise DocumentMissing(id)
        return place

    def close(self) -> None:
        """Let go of the commit. Hits already given out stay readable."""
        self._held = self._assistant = self.known_words = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
