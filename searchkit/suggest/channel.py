"""What it costs to have typed one word for many others: the dynamic programme of `noise` over all of them at once.

About a millisecond for some hundred words, whatever their number. Plain twin of `kernels/channel.cost`, which takes one
word at a time. What this module does not know: which words are worth asking about.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from searchkit.suggest import noise
from searchkit.suggest.noise import Tables

FAR = 1 << 28
_E_LETTER = 5


def letters(codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    """The class of each character: 1 to 26 for a to z, else 0."""
    return np.where((codes >= ord("a")) & (codes <= ord("z")), codes.astype(np.int64) - 96, 0)


_IS_VOWEL = np.isin(np.arange(noise.LETTERS), [ord(vowel) - 96 for vowel in noise.VOWELS])


def costs(
    typed: npt.NDArray[np.uint32], words: npt.NDArray[np.uint32], lengths: npt.NDArray[np.int64], tables: Tables
) -> npt.NDArray[np.int64]:
    """The least cost of typing `typed` for each of some words.

    Parameters
    ----------
    typed : ndarray of shape (size,), uint32
        Characters typed, at least one.
    words : ndarray of shape (words, longest), uint32
        Characters of each word, then zeros.
    lengths : ndarray of shape (words,), int64

    Returns
    -------
    ndarray of shape (words,), int64
        In hundredths of a nat.
    """
    count, longest = words.shape
    rules = [int(rule) for rule in tables.rules]
    classes = letters(words)
    missed = _missed(words, classes, lengths, tables)
    t = [int(number) for number in letters(typed)]
    rows = [np.concatenate((np.zeros((count, 1), np.int64), np.cumsum(missed, axis=1)), axis=1)]
    for i in range(1, len(typed) + 1):
        above, higher = rows[-1], rows[-2] if i > 1 else rows[-1]
        here = np.empty((count, longest + 1), np.int64)
        added = _added(typed, t, i, tables)
        here[:, 0] = above[:, 0] + added
        replaced = above[:, :-1] + np.where(words == typed[i - 1], 0, tables.replaced[t[i - 1], classes])
        if i == 1:
            replaced[:, 0] += np.where(words[:, 0] == typed[0], 0, rules[noise.FIRST])
        best = np.minimum(replaced, above[:, 1:] + added)
        if i > 1 and longest > 1:
            swapped = (words[:, :-1] == typed[i - 1]) & (words[:, 1:] == typed[i - 2]) & (typed[i - 1] != words[:, 1:])
            vowels = _IS_VOWEL[t[i - 1]] & _IS_VOWEL[classes[:, 1:]]
            swap = higher[:, :-2] + np.where(vowels, rules[noise.SWAP_VOWELS], rules[noise.SWAP])
            if i == 2:
                swap[:, 0] += rules[noise.SWAP_FIRST]
            best[:, 1:] = np.where(swapped, np.minimum(best[:, 1:], swap), best[:, 1:])
        if i > 2 and longest > 2:
            one, two, three = words[:, :-2], words[:, 1:-1], words[:, 2:]
            a, b, c = typed[i - 3], typed[i - 2], typed[i - 1]
            moved = ((c == one) & (a == two) & (b == three)) | ((c == two) & (b == one) & (a == three))
            move = np.where(moved & (three != c), rows[-3][:, :-3] + rules[noise.MOVED], FAR)
            best[:, 2:] = np.minimum(best[:, 2:], move)
        if t[i - 1]:
            _take_digraphs(best, above, higher, classes, t, i, tables)
        for j in range(1, longest + 1):
            np.minimum(best[:, j - 1], here[:, j - 1] + missed[:, j - 1], out=here[:, j])
        rows = [*rows[-2:], here]
    found: npt.NDArray[np.int64] = rows[-1][np.arange(count), lengths]
    return found


def _take_digraphs(
    best: npt.NDArray[np.int64],
    above: npt.NDArray[np.int64],
    higher: npt.NDArray[np.int64],
    classes: npt.NDArray[np.int64],
    t: list[int],
    i: int,
    tables: Tables,
) -> None:
    """Lower `best` where one letter was typed for two, or two for one."""
    first = int(tables.rules[noise.FIRST])
    if classes.shape[1] > 1:
        two = tables.digraphs[classes[:, :-1], classes[:, 1:], t[i - 1]].astype(np.int64)
        value = above[:, :-2] + two
        value[:, 0] += np.where(classes[:, 0] == t[i - 1], 0, first)
        best[:, 1:] = np.where(two > 0, np.minimum(best[:, 1:], value), best[:, 1:])
    if i > 1:
        two = tables.digraphs[t[i - 2], t[i - 1], classes].astype(np.int64)
        value = higher[:, :-1] + two
        if i == 2:
            value += np.where(classes == t[0], 0, first)
        best[:] = np.where(two > 0, np.minimum(best, value), best)


def _added(typed: npt.NDArray[np.uint32], t: list[int], i: int, tables: Tables) -> int:
    """What the i-th letter typed costs if it should not be there, counted from 1."""
    rules = tables.rules
    here, before = t[i - 1], t[i - 2] if i > 1 else 0
    after = t[i] if i < len(typed) else 0
    if i > 1 and typed[i - 1] == typed[i - 2]:
        value = int(rules[noise.DOUBLE])
    elif _IS_VOWEL[here]:
        beside = _IS_VOWEL[before] or _IS_VOWEL[after]
        value = int(rules[noise.EXTRA_BESIDE]) if beside else int(tables.extra[here])
        if i == len(typed) and here == _E_LETTER:
            value = min(value, int(rules[noise.EXTRA_LAST]))
    elif tables.beside[here, before] or tables.beside[here, after]:
        value = int(rules[noise.EXTRA_KEY])
    else:
        value = int(tables.extra[here])
    return value + (int(rules[noise.FIRST]) if i == 1 else 0)


def _missed(
    words: npt.NDArray[np.uint32], classes: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], tables: Tables
) -> npt.NDArray[np.int64]:
    """What each letter of each word costs if it was left out."""
    rules = tables.rules
    vowel = _IS_VOWEL[classes]
    value = tables.missed[classes].astype(np.int64)
    beside = np.zeros_like(vowel)
    beside[:, 1:] |= vowel[:, :-1]
    beside[:, :-1] |= vowel[:, 1:]
    value[vowel & beside] = rules[noise.MISSED_BESIDE]
    last = np.arange(words.shape[1]) == lengths[:, None] - 1
    silent_e = last & (classes == _E_LETTER)
    value[silent_e] = np.minimum(value[silent_e], rules[noise.MISSED_LAST])
    value[:, 0] += rules[noise.FIRST]
    value[:, 1:][words[:, 1:] == words[:, :-1]] = rules[noise.SINGLE]
    return value
