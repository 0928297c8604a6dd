"""An analyzer small enough to predict in one's head, for tests that are not about analysis.

Words are runs of letters and digits, lower-cased; a final `s` is the only ending that is stripped; parts joined by
one of ``. - / _ :`` without a space are one compound; Han and kana become bigrams. Marks are not folded.
"""

from __future__ import annotations

import re

from searchkit.analysis.analyzer import Analyzer, Token

_COMPOUND = re.compile(r"[^\W_]+(?:[.\-/_:]+[^\W_]+)*")
_PART = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]+|[^\W_\u3040-\u30ff\u4e00-\u9fff]+")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


class PlainAnalyzer(Analyzer):
    """Keeps the contract of `Analyzer` and nothing more."""

    name, version, label = "plain", 1, "plain/1"

    def __init__(self) -> None:
        """Nothing is cached, so there is nothing to set up."""

    def terms(self, text: str) -> list[str]:
        return [token.term for token in self.tokens(text)]

    def tokens(self, text: str) -> list[Token]:
        tokens: list[Token] = []
        for word, compound in enumerate(_COMPOUND.finditer(text)):
            for part in _PART.finditer(text, compound.start(), compound.end()):
                start, end = part.span()
                if not _UNSPACED.match(part.group()):
                    tokens.append(Token(self._stem(part.group()), start, end, word, "word"))
                elif end - start == 1:
                    tokens.append(Token(part.group(), start, end, word, "cjk"))
                else:
                    pairs = range(start, end - 1)
                    tokens.extend(Token(text[at : at + 2], at, at + 2, word, "cjk") for at in pairs)
        return tokens

    def fold(self, word: str) -> str:
        return word.lower()

    @staticmethod
    def _stem(word: str) -> str:
        word = word.lower()
        return word[:-1] if word.endswith("s") and len(word) > 3 else word
