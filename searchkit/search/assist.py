"""Suggestions and corrections of one snapshot: the room where vocabulary, pairs, titles and postings meet.

What it needs is derived from the segments when somebody first asks, and kept with the snapshot: about a second and 150
bytes a word for a vocabulary of 400,000 words. Words count documents over the whole index, less deleted ones, so no
answer depends on how documents fell into segments. A filter has an assistant of its own, to which its documents are all
there are; the last few are kept. To make one, those documents are read, or all others if they are fewer: 100
microseconds each. What this module does not know: how completions and corrections are chosen (`suggest/`).
"""

from __future__ import annotations

import functools
import itertools
import re
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from searchkit import limits
from searchkit.analysis.analyzer import Analyzer
from searchkit.analysis.surfaces import placed_surfaces
from searchkit.codec import bitmap
from searchkit.codec.bitmap import BitMap
from searchkit.index.snapshot import IndexSnapshot
from searchkit.locks import Lock
from searchkit.model.document import clean_text
from searchkit.model.schema import Schema
from searchkit.model.suggestions import Change, Correction, Suggestion
from searchkit.query.parse import parse
from searchkit.query.plain import plain_terms
from searchkit.query.plan import Bool, Node, TermLeaf
from searchkit.query.planning import plan_query
from searchkit.query.tree import Field, Not, Phrase, Tree, Word, children_of
from searchkit.search.match import matching
from searchkit.search.request import Mode
from searchkit.search.resolve import resolve
from searchkit.search.typed import key_of, take_apart
from searchkit.search.within import Within, documents_within
from searchkit.segment.suggestions import Held, held_by, lost
from searchkit.segment.suggestions import titles as titles_of
from searchkit.suggest.corrector import Corrector, Engine, typed_once
from searchkit.suggest.harvest import Holding, total
from searchkit.suggest.lexicon import Lexicon
from searchkit.suggest.narrow import Letters, by_key, narrow, suits
from searchkit.suggest.pairs import PairCounts, Pairs
from searchkit.suggest.phrase import WORDS_MAX, Knowledge, Reading, Typed, read, together

if TYPE_CHECKING:
    from searchkit.index.querylog import QueryLog
    from searchkit.suggest.complete import Completer

_CACHE, _FILTERED = "assistant", "assistants of filters"
FILTERS_REMEMBERED: Final = 8
"""Assistants of filters kept with a snapshot; each takes up to what the one of the whole index takes."""
ALTERNATIVES_MAX: Final = 5
"""Corrections whose hits are counted: the best readings."""
_SETS_REMEMBERED: Final = 512
"""Words whose documents are remembered; a set takes up to an eighth of a byte a document."""
_SET_MEMBERS_MAX: Final = 1 << 24
"""Members of all sets remembered together, some 32 MB at most."""
_TRIED: Final = 4
"""Queries of the log looked at for each that is wanted, since some find nothing any more."""
_FINDING_REMEMBERED: Final = 20_000
_LOG_SHARE: Final = 50
_HAS_DIGIT: Final = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Asked:
    """The queries of a log as they are completed.

    Attributes
    ----------
    lexicon : Lexicon
        Folded queries, and how often each was asked in any spelling.
    shown : dict of str to str
        The spelling of each that was asked most often.
    unchanged : callable
        Whether nothing was written to the log since it was read.
    fresh_until : float
        Seconds of the monotonic clock until which nobody looks whether the log has changed: fifty times as long as it
        took to read it, so that reading it is never more than a fiftieth of all that is done.
    """

    lexicon: Lexicon
    shown: dict[str, str]
    unchanged: Callable[[], bool]
    fresh_until: float

    @classmethod
    def of(cls, log: QueryLog, key_of: Callable[[str], str]) -> Asked:
        """Read a log; `key_of` folds a query."""
        started = time.monotonic()
        counts, shown = Counter[str](), dict[str, str]()
        log.flush()
        unchanged = log.watch()
        for text, times in log.counts().items():  # Most often asked first.
            if key := key_of(text):
                counts[key] += times
                shown.setdefault(key, text)
        often = {key: times for key, times in counts.items() if times >= limits.LOGGED_SHOWN_FROM}
        now = time.monotonic()
        return cls(Lexicon.of(often), shown, unchanged, now + _LOG_SHARE * (now - started))

    def holds(self, log: QueryLog) -> bool:
        """Whether this is what the log says, or was a moment ago."""
        return time.monotonic() < self.fresh_until or (not log.pending and self.unchanged())


class Assistant:
    """Completes and corrects from one snapshot. Get it from `assistant_of`; usable from many threads.

    Parameters
    ----------
    snapshot : IndexSnapshot
    analyzer : Analyzer
    only : tuple of BitMap, optional
        Live documents of each segment that count; all when left out.
    """

    def __init__(self, snapshot: IndexSnapshot, analyzer: Analyzer, only: tuple[BitMap, ...] | None = None) -> None:
        self._snapshot = snapshot
        self._only = only
        self._analyzer = analyzer
        self._sets: OrderedDict[str, BitMap] = OrderedDict()
        self._members = 0
        self._lock = Lock()
        self._asked: Asked | None = None
        self._finding: dict[str, bool] = {}
        self._asked_before = False

    # --- what it is made of -----------------------------------------------------------------------------

    @cached_property
    def _yields(self) -> tuple[list[Holding], list[Holding]]:
        """What segments hold, and what of it is deleted or left out."""
        schema = self._snapshot.schema
        views = self._snapshot.views
        if self._only is not None:
            both = [held_by(view.reader, docs, schema) for view, docs in zip(views, self._only, strict=True)]
            return [one for found, _ in both for one in found], [one for _, gone in both for one in gone]
        gone: list[Holding] = [found for view in views if (found := lost(view.reader, view.dead, schema)) is not None]
        return [Held(view.reader, schema) for view in views], gone

    @cached_property
    def _words(self) -> tuple[Lexicon, dict[str, str]]:
        """Folded words, and how those are shown that are not shown so."""
        counts, spellings = by_key(total(*self._yields), self._analyzer.fold)
        return Lexicon.of(counts), _shown(spellings)

    @cached_property
    def lexicon(self) -> Lexicon:
        """Folded words, and live documents that hold each."""
        return self._words[0]

    @cached_property
    def pairs(self) -> Pairs:
        """How often words stand side by side."""
        return Pairs(self._pair_counts)

    @cached_property
    def _pair_counts(self) -> PairCounts:
        yields, gone = self._yields
        return PairCounts.sum([found.pairs for found in yields], [found.pairs for found in gone])

    @cached_property
    def _few_pairs(self) -> Pairs:
        return Pairs(self._pair_counts, often=False)

    def _few_together(self, first: str, second: str) -> int:
        """How often two words stand side by side, for one who asks seldom; pairs are read when he first does."""
        return self._few_pairs.count(first, second)

    @cached_property
    def _completer(self) -> Completer:
        from searchkit.suggest.complete import Completer, Titles  # A query that is corrected needs none.

        titles: list[str] = []
        for number, view in enumerate(self._snapshot.views):
            if self._only is None:
                found, docs = self._yields[0][number].titles, view.live
            else:
                found, docs = titles_of(view.reader, self._snapshot.schema), self._only[number]
            if found:
                titles += found if len(docs) == len(found) else [found[doc] for doc in bitmap.to_array(docs).tolist()]
        known: dict[str, str] = {}
        for title in titles:
            if title not in known:
                known[title] = key_of(title, self._analyzer)
        return Completer(self.lexicon, self._words[1], self.pairs, Titles(titles, [known[title] for title in titles]))

    # --- completions ------------------------------------------------------------------------------------

    def suggest(
        self, typed: str, limit: int, log: QueryLog | None = None, engine: Engine = "numpy"
    ) -> list[Suggestion]:
        """Completions of what was typed; see `Completer`. Queries come from a log, if there is one that is on."""
        apart = take_apart(typed, self._analyzer)
        if apart is None or limit < 1:
            return []
        head, before, beginning, key = apart
        asked = self._queries(key, limit, log) if log is not None and log.enabled and key else []
        return self._completer.complete(head, before, beginning, key, limit, asked, engine)

    def _queries(self, key: str, limit: int, log: QueryLog) -> list[Suggestion]:
        """The queries of a log that begin so and find something, those asked most often first."""
        asked = self._asked
        if asked is None or not asked.holds(log):
            asked = self._asked = Asked.of(log, functools.partial(key_of, analyzer=self._analyzer))
        found: list[Suggestion] = []
        for query, times in asked.lexicon.complete(key, _TRIED * limit):
            text = asked.shown[query]
            if self._finds(text):
                found.append(Suggestion(text, times, "query"))
                if len(found) == limit:
                    break
        return found

    def _finds(self, query: str) -> bool:
        """Whether a query finds anything; remembered."""
        known = self._finding.get(query)
        if known is None:
            if len(self._finding) >= _FINDING_REMEMBERED:
                self._finding = {}
            known = self._finding[query] = self.hits(query, "any") > 0
        return known

    # --- corrections ------------------------------------------------------------------------------------

    @cached_property
    def corrector(self) -> Corrector:
        """Corrects single words from the words of the index."""
        return Corrector(self.lexicon)

    def docs(self, word: str) -> BitMap:
        """Places of the live documents that hold a word, or another form of it."""
        sets = [self._places(term) for term in self._analyzer.terms(word)]
        return functools.reduce(BitMap.__and__, sets) if sets else BitMap()

    def _places(self, term: str) -> BitMap:
        """Places of the live documents that hold a term. Remembered, as long as there is room."""
        with self._lock:
            found = self._sets.get(term)
            if found is not None:
                self._sets.move_to_end(term)
                return found
        found = BitMap()
        for view in self._snapshot.views:
            number = view.reader.terms.number(term)
            if number is not None:
                docs = view.reader.postings(number)
                docs = docs - view.dead if view.dead else docs
                found |= docs.shift(view.base) if view.base else docs
        with self._lock:
            if term not in self._sets:
                self._sets[term] = found
                self._members += len(found)
            while len(self._sets) > _SETS_REMEMBERED or self._members > _SET_MEMBERS_MAX:
                self._members -= len(self._sets.popitem(last=False)[1])
        return found

    def hits(self, query: str, mode: Mode) -> int:
        """Live documents a query finds, of those that count, counted exactly."""
        plan = plan_query(query, self._snapshot.schema, self._analyzer, mode)
        root = plan.root
        if root is None:
            return 0
        if self._only is not None:
            root = resolve(plan, self._snapshot).plan.root
            both = zip(self._snapshot.views, self._only, strict=True)
            return (
                0 if root is None else sum(matching(view, root).intersection_cardinality(docs) for view, docs in both)
            )
        terms = _terms_alone(root, self._snapshot.schema.all_text_mask)
        if terms is not None:
            sets = [self._places(term) for term in terms[0]]
            return len(functools.reduce(BitMap.__and__, sets) if terms[1] else bitmap.union(sets))
        root = resolve(plan, self._snapshot).plan.root
        return 0 if root is None else sum(len(matching(view, root)) for view in self._snapshot.views)

    def _both_hits(self, query: str, mode: Mode) -> tuple[int, int]:
        """What `hits` says in a mode and in mode "all"; of plain words it is counted in one go."""
        terms = plain_terms(query, self._analyzer) if self._only is None else None
        if terms is None:
            return self.hits(query, mode), self.hits(query, "all")
        sets = [self._places(term) for term in dict.fromkeys(terms)]
        whole = len(together(sets))
        if mode == "all" or len(sets) == 1 or query[0] == "+":
            return whole, whole
        return len(bitmap.union(sets)), whole

    def correct(self, query: str, mode: Mode, engine: Engine = "numpy", *, thorough: bool = True) -> Correction | None:
        """What was meant by a query, if that finds more than what was typed; None if it is best left alone.

        Unless `thorough`, a query whose words occur together in some document is left alone without a further look,
        which costs no more than a search.
        """
        text = query[: limits.QUERY_CHARACTERS_MAX]
        placed = typed_words(text, self._snapshot.schema)
        if not placed:
            return None
        words = self._typed(text, placed)
        if all(word.fixed for word in words):
            return None
        if not thorough and all(word.docs for word in words) and together([word.docs for word in words]):
            return None
        known, shown = self._known_for(words, engine)
        readings = read(words, known)
        if not readings:
            return None
        before, whole_before = self._both_hits(query, mode)
        offered: dict[str, Correction] = {}
        for reading in readings[:ALTERNATIVES_MAX]:
            corrected, changes = self._applied(text, placed, reading, shown)
            corrected += query[len(text) :]
            if corrected in offered or corrected == query:
                continue
            hits, whole = self._both_hits(corrected, mode)
            joined = any(edit.last - edit.first > 1 for edit in reading.edits)
            if finds_more((hits, whole), (before, whole_before), joined=joined):
                offered[corrected] = Correction(corrected, changes, hits, before, whole, whole_before)
        if not offered:
            return None
        best, *others = offered.values()
        return replace(best, alternatives=tuple(others))

    def _typed(self, text: str, placed: list[tuple[int, str]]) -> list[Typed]:
        shouting = text.isupper()
        words = []
        for place, (start, surface) in enumerate(placed):
            word = self._analyzer.word(clean_text(surface))
            key = self._analyzer.fold(word)
            end = start + len(surface)
            following = placed[place + 1][0] if place + 1 < len(placed) else -1
            named = not shouting and len(surface) > 1 and any(map(str.isupper, surface[1:]))
            fixed = not key or named or _HAS_DIGIT.search(surface) is not None
            joins = following > end and text[end:following].isspace()
            words.append(Typed(key, fixed, joins, BitMap() if fixed and not key else self.docs(key)))
        return words

    def _known_for(self, words: list[Typed], engine: Engine) -> tuple[Knowledge, dict[str, str]]:
        """What is known of the index that may matter for some words, and how words are shown.

        The first query that is corrected without a compiler is perhaps the last of its process, so only what matters for
        its words is read.
        """
        documents = self._snapshot.documents
        docs = functools.cache(self.docs)  # A candidate is asked about twice or more.
        if engine == "numpy" and not self._asked_before and "_words" not in self.__dict__ and self._only is None:
            self._asked_before = True
            found = self._narrow([word.text for word in words if not word.fixed])
            if found is not None:
                lexicon, shown = found
                return Knowledge(Corrector(lexicon), self._few_together, docs, documents, engine), shown
        return Knowledge(self.corrector, self.pairs.count, docs, documents, engine), self._words[1]

    def _narrow(self, typed: list[str]) -> tuple[Lexicon, dict[str, str]] | None:
        """The words that matter for some typed ones, and how they are shown; None if that is not to be told cheaply."""
        yields, gone = self._yields
        held = [found.letters for found in yields if isinstance(found, Held)]
        wanted = [*typed, *(once for word in typed for once in typed_once(word))]
        if not suits(wanted) or any(letters is None for letters in held):
            return None
        pieces = {part for word in typed for place in range(1, len(word)) for part in (word[:place], word[place:])}
        joined = {first + second for first, second in itertools.pairwise(typed)}
        parts = [Letters(*letters) for letters in held if letters is not None]
        less = [found.words for found in gone]
        lexicon, spellings = narrow(parts, less, wanted, pieces | joined | set(typed), self._analyzer.fold)
        return lexicon, _shown(spellings)

    def _applied(
        self, text: str, placed: list[tuple[int, str]], reading: Reading, shown: dict[str, str]
    ) -> tuple[str, tuple[Change, ...]]:
        """A query with the edits of a reading, and the edits in terms of the text as it was typed."""
        pieces, changes, reached = [], [], 0
        for edit in reading.edits:
            start, (last, surface) = placed[edit.first][0], placed[edit.last - 1]
            end = last + len(surface)
            to = _in_case_of(text[start:end], " ".join(shown.get(word, word) for word in edit.text.split(" ")))
            pieces += [text[reached:start], to]
            changes.append(Change(start, end, to, edit.why))
            reached = end
        return "".join((*pieces, text[reached:])), tuple(changes)


def _shown(spellings: dict[str, dict[str, int]]) -> dict[str, str]:
    """How folded words are shown that are not shown so: as they are mostly written."""
    best = {key: min(found, key=lambda word: (-found[word], word)) for key, found in spellings.items()}
    return {key: word for key, word in best.items() if word != key}


def finds_more(found: tuple[int, int], before: tuple[int, int], *, joined: bool) -> bool:
    """Whether a correction finds more than what was typed: more documents, or more with all words, fewer of neither.

    Where two words became one (`joined`), only documents with all words can be compared, and there must be more of
    them: those that hold any of *sea* and *rch* are many, and none of them is about a search.

    Parameters
    ----------
    found, before : tuple of int
        Documents found in the mode that was asked for, and by all words.
    """
    (hits, whole), (hits_before, whole_before) = found, before
    if joined:
        return whole > whole_before
    return hits >= hits_before and whole >= whole_before and found != before


def _terms_alone(root: Node, fields: int) -> tuple[list[str], bool] | None:
    """The terms of a tree that asks for any of them, or all (True); None if it asks for something else."""
    nodes: tuple[Node, ...] = (root,)
    if isinstance(root, Bool):
        if root.must_not or (root.must and root.should):
            return None
        nodes = root.must or root.should
    terms = [node.term for node in nodes if isinstance(node, TermLeaf) and node.fields == fields]
    return (terms, bool(isinstance(root, Bool) and root.must)) if terms and len(terms) == len(nodes) else None


def _in_case_of(typed: str, word: str) -> str:
    """A word with the capitals of what was typed: all of them, or the first."""
    if len(typed) > 1 and typed.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if typed[:1].isupper() else word


def typed_words(text: str, schema: Schema) -> list[tuple[int, str]]:
    """The surfaces of a query that are words to be looked up in texts, with the place of each.

    Prefixes, values of keywords, numbers and dates, operators and what is excluded are not among them.
    """
    tree = parse(text).tree
    found: list[tuple[int, str]] = []
    waiting: list[Tree] = [] if tree is None else [tree]
    while waiting and len(found) < WORDS_MAX:
        node = waiting.pop()
        if isinstance(node, Word | Phrase):
            found += [(node.start + at, surface) for at, surface in placed_surfaces(text[node.start : node.end])]
        elif not isinstance(node, Not) and not (
            isinstance(node, Field) and node.name in schema and schema[node.name].kind != "text"
        ):
            waiting.extend(reversed(children_of(node)))
    return found[:WORDS_MAX]


def assistant_of(snapshot: IndexSnapshot, analyzer: Analyzer, within: Within | None = None) -> Assistant:
    """The assistant of a snapshot, or of what a filter leaves of it; the same one each time, or for some time."""
    if within is None:
        found: Assistant | None = snapshot.cache.get(_CACHE)
        if found is None:
            found = snapshot.cache.setdefault(_CACHE, Assistant(snapshot, analyzer))
        return found
    kept: OrderedDict[Within, Assistant] = snapshot.cache.setdefault(_FILTERED, OrderedDict())
    with _KEEPING:
        if within in kept:
            kept.move_to_end(within)
            return kept[within]
    made = Assistant(snapshot, analyzer, documents_within(snapshot, analyzer, within))
    with _KEEPING:
        kept[within] = made
        while len(kept) > FILTERS_REMEMBERED:
            kept.popitem(last=False)
    return made


_KEEPING: Final = Lock()
