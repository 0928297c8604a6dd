"""What it costs to have typed one word for many others: the dynamic programme of `noise` over all of them at once.

About a millisecond for some hundred words, whatever their number. Plain twin of `kernels/channel.cost`, which takes one
word at a time. What this module does not know: which words are worth asking about.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from searchkit.suggest import noise
from searchkit.suggest.noise import BAND, BORDER, LEAST, Tables

FAR = 1 << 28


def letters(codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    """The class of each character: 1 to 26 for a to z, else 0."""
    return np.where((codes >= ord("a")) & (codes <= ord("z")), codes.astype(np.int64) - 96, 0)


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
        In hundredths of a nat; `FAR` or more where letters would have to stray too far.
    """
    count, longest = words.shape
    rules = [int(rule) for rule in tables.rules]
    classes = letters(words)
    before, after = _beside(classes, lengths)
    missed = _missed(words, classes, before, after, tables)
    weak = tables.weak[before, classes].astype(np.int64) + tables.weak_before[classes, after]
    t = letters(typed)
    extra = _extra(typed, t, tables)
    rows = [np.concatenate((np.zeros((count, 1), np.int64), np.cumsum(missed, axis=1)), axis=1)]
    rows[0][:, BAND + 1 :] = FAR
    for i in range(1, len(typed) + 1):
        code, above, higher = typed[i - 1], rows[-1], rows[-2] if i > 1 else rows[-1]
        here = np.empty((count, longest + 1), np.int64)
        here[:, 0] = above[:, 0] + extra[i - 1] if i <= BAND else FAR
        replaced = np.maximum(LEAST, tables.replaced[t[i - 1], classes] + weak)
        best = np.minimum(above[:, :-1] + np.where(words == code, 0, replaced), above[:, 1:] + extra[i - 1])
        if i > 1 and longest > 1:
            swapped = (words[:, :-1] == code) & (words[:, 1:] == typed[i - 2]) & (code != words[:, 1:])
            plain = (t[i - 1] > 0) & (classes[:, 1:] > 0)
            swap = higher[:, :-2] + np.where(plain, tables.swapped[classes[:, 1:], t[i - 1]], rules[noise.SWAP])
            if i == 2:
                swap[:, 0] += rules[noise.SWAP_FIRST]
            best[:, 1:] = np.where(swapped, np.minimum(best[:, 1:], swap), best[:, 1:])
        if i > 2 and longest > 2:
            one, two, three = words[:, :-2], words[:, 1:-1], words[:, 2:]
            a, b = typed[i - 3], typed[i - 2]
            moved = ((code == one) & (a == two) & (b == three)) | ((code == two) & (b == one) & (a == three))
            move = np.where(moved & (three != code), rows[-3][:, :-3] + rules[noise.MOVED], FAR)
            best[:, 2:] = np.minimum(best[:, 2:], move)
        _take_digraphs(best, above, higher, classes, t, i, tables)
        for j in range(1, longest + 1):
            np.minimum(best[:, j - 1], here[:, j - 1] + missed[:, j - 1], out=here[:, j])
            if abs(i - j) > BAND:
                here[:, j] = FAR
        rows = [*rows[-2:], here]
    found: npt.NDArray[np.int64] = rows[-1][np.arange(count), lengths]
    return found


def _take_digraphs(
    best: npt.NDArray[np.int64],
    above: npt.NDArray[np.int64],
    higher: npt.NDArray[np.int64],
    classes: npt.NDArray[np.int64],
    t: npt.NDArray[np.int64],
    i: int,
    tables: Tables,
) -> None:
    """Lower `best` where one letter was typed for two, or two for one."""
    if classes.shape[1] > 1:
        two = tables.merged[classes[:, :-1], classes[:, 1:], t[i - 1]].astype(np.int64)
        best[:, 1:] = np.where(two > 0, np.minimum(best[:, 1:], above[:, :-2] + two), best[:, 1:])
    if i > 1:
        two = tables.parted[t[i - 2], t[i - 1], classes].astype(np.int64)
        best[:] = np.where(two > 0, np.minimum(best, higher[:, :-1] + two), best)


def _extra(typed: npt.NDArray[np.uint32], t: npt.NDArray[np.int64], tables: Tables) -> npt.NDArray[np.int64]:
    """What each letter typed costs if it should not be there."""
    before, after = np.append(BORDER, t[:-1]), np.append(t[1:], BORDER)
    value = np.maximum(LEAST, tables.extra[before, t].astype(np.int64) + tables.extra_before[t, after])
    twice = np.append(False, typed[1:] == typed[:-1]) & (t == 0)
    found: npt.NDArray[np.int64] = np.where(twice, tables.rules[noise.DOUBLE], value)
    return found


def _beside(
    classes: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The classes before and after each letter of each word."""
    border = np.full((len(classes), 1), BORDER)
    before = np.concatenate((border, classes[:, :-1]), axis=1)
    after = np.concatenate((classes[:, 1:], border), axis=1)
    after[np.arange(classes.shape[1]) == lengths[:, None] - 1] = BORDER
    return before, after


def _missed(
    words: npt.NDArray[np.uint32],
    classes: npt.NDArray[np.int64],
    before: npt.NDArray[np.int64],
    after: npt.NDArray[np.int64],
    tables: Tables,
) -> npt.NDArray[np.int64]:
    """What each letter of each word costs if it was left out."""
    value = np.maximum(LEAST, tables.missed[before, classes].astype(np.int64) + tables.missed_before[classes, after])
    twice = np.zeros(words.shape, bool)
    twice[:, 1:] = words[:, 1:] == words[:, :-1]
    found: npt.NDArray[np.int64] = np.where(twice & (classes == 0), tables.rules[noise.SINGLE], value)
    return found
