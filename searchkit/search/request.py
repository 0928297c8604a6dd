"""What may be asked of a search, checked before anything is done for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, SupportsIndex, TypeAlias

from searchkit import limits
from searchkit.errors import LimitExceeded, RequestError

Mode: TypeAlias = Literal["any", "all"]


def check_request(query: str, limit: int, mode: str, ranking: str) -> None:
    """Raise RequestError or LimitExceeded for what no search can mean."""
    if not isinstance(query, str):
        raise RequestError(f"a query is a text, not {type(query).__name__}")
    if not isinstance(limit, SupportsIndex):
        raise RequestError(f"a search has a whole number of hits as its limit, not {limit!r}")
    if limit > limits.HITS_MAX:
        raise LimitExceeded("the number of hits asked for", limit, limits.HITS_MAX)
    if limit < 0:
        raise RequestError(f"a search has a limit of 0 or more hits, not {limit}")
    if mode not in ("any", "all"):
        raise RequestError(f"a mode is 'any' or 'all', not {mode!r}")
    if ranking != "bm25":
        raise RequestError(f"a ranking is 'bm25', not {ranking!r}")


def check_parameters(k1: float, b: float) -> None:
    """Raise RequestError for parameters a score is not defined for."""
    if not (isinstance(k1, int | float) and isinstance(b, int | float)):
        raise RequestError(f"k1 and b are numbers, not {k1!r} and {b!r}")
    if not (limits.PARAMETER_MIN <= k1 <= limits.PARAMETER_MAX and 0 <= b <= 1):
        span = f"from {limits.PARAMETER_MIN:g} to {limits.PARAMETER_MAX:g}"
        raise RequestError(f"k1 is above 0 ({span}) and b from 0 to 1, not k1={k1} and b={b}")


def check_weights(weights: object) -> None:
    """Raise RequestError for field weights that are not numbers by name."""
    if weights is not None and not (isinstance(weights, Mapping) and all(isinstance(name, str) for name in weights)):
        raise RequestError(f"weights are numbers by the names of fields, not {weights!r:.80}")


def check_typed(text: str, limit: int) -> None:
    """Whether something can be completed or corrected at all.

    Raises
    ------
    RequestError, LimitExceeded
        Says what is wrong with it.
    """
    if not isinstance(text, str):
        raise RequestError(f"what was typed is a text, not {type(text).__name__}")
    if type(limit) is not int and not isinstance(limit, SupportsIndex):  # The latter takes longer than a completion.
        raise RequestError(f"suggestions have a whole number as their limit, not {limit!r}")
    if limit < 0:
        raise RequestError(f"suggestions have a limit of 0 or more, not {limit}")
    if limit > limits.SUGGESTIONS_MAX:
        raise LimitExceeded("the number of suggestions asked for", limit, limits.SUGGESTIONS_MAX)
