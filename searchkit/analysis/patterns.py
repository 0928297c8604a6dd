"""Patterns of the `regex` package that are compiled when they are first used.

Compiling all that analysis knows of Unicode takes longer than most programs live that ask one question in plain
words, and these need none of it. Cost of a pattern once it is compiled: nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import regex

VERBOSE, VERSION1 = 0x40, 0x100
"""`regex.VERBOSE` and `regex.VERSION1`."""


class _Later:
    """Stands for a pattern; becomes it at the first look."""

    def __init__(self, source: str, flags: int) -> None:
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        import regex

        compiled = self.__dict__.get("_compiled")
        if compiled is None:
            compiled = self.__dict__["_compiled"] = regex.compile(self._source, self._flags)
        found = getattr(compiled, name)
        self.__dict__[name] = found  # So that this is not asked again.
        return found


def later(source: str, flags: int = 0) -> regex.Pattern[str]:
    """As `regex.compile`, but not yet.

    A pattern that is not one is noticed at its first use, so whoever adds one tests it.
    """
    return cast("regex.Pattern[str]", _Later(source, flags))
