"""The words of a segment survive being written, however many are put in order at a time."""

from __future__ import annotations

import numpy as np
import pytest

from searchkit.suggest import parts


@pytest.mark.parametrize("at_a_time", [1, 3, 8_192])
def test_words_come_back_in_order(monkeypatch: pytest.MonkeyPatch, at_a_time: int) -> None:
    """Ascending by their bytes, with their counts; those that no document holds any more are gone."""
    monkeypatch.setattr(parts, "_GATHERED_WORDS", at_a_time)
    words = {"rye": 2, "a": 1, "größe": 7, "bread": 0, "zebra": 300, "an": 1, "oven": 70_000}
    letters = "".join(f"{word}\n" for word in words).encode()
    found = parts.decode_words(parts.encode_words(letters, np.array(list(words.values()), np.int64)))
    assert list(found.items()) == sorted((word, count) for word, count in words.items() if count)
