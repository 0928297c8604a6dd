"""How words sound, roughly: vowels all alike, doubled letters once, what can be said alike written alike.

Words of which only vowels, doubling or soft and hard letters are confused sound the same, however many such slips
there are. It is made for English and other Latin spellings; letters of other scripts sound like themselves. Plain
twin of `kernels/nearby.sound`. What this module does not know: how likely any confusion is (`noise`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SOUND_MAX = 64
"""Letters of a word that are listened to."""
_VOWEL = 1
_A, _C, _E, _F, _G, _H, _I, _J, _K, _O, _P, _Q, _S, _T, _X, _Y, _Z = (ord(letter) for letter in "acefghijkopqstxyz")


def sounds(
    codes: npt.NDArray[np.uint32], lengths: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
    """How each of many words sounds.

    Parameters
    ----------
    codes : ndarray of uint32
        Characters of all words, one word after the other.
    lengths : ndarray of shape (words,), int64
        Characters of each; none more than `SOUND_MAX`.

    Returns
    -------
    heard : ndarray of uint32
        Codes of what is heard, one word after the other.
    sizes : ndarray of shape (words,), int64
    """
    starts = np.cumsum(lengths) - lengths
    first = np.zeros(len(codes), bool)
    first[starts[lengths > 0]] = True
    words = np.repeat(np.arange(len(lengths)), lengths)
    after = np.zeros_like(codes)
    after[:-1] = np.where(words[1:] == words[:-1], codes[1:], 0)
    later = np.zeros_like(codes)
    later[:-2] = np.where(words[2:] == words[:-2], codes[2:], 0)
    soft = (after == _E) | (after == _I) | (after == _Y)
    heard = codes.copy()
    for vowel in "aeiouy":
        heard[codes == ord(vowel)] = _VOWEL
    heard[(codes == _H) & ~first] = 0
    heard[codes == _C] = np.where(soft[codes == _C], _S, _K)
    heard[(codes == _Q) | (codes == _X)] = _K
    heard[codes == _Z] = _S
    heard[(codes == _G) & soft] = _J
    heard[(codes == _G) & (after == _H) & ~first] = 0
    heard[(codes == _P) & (after == _H)] = _F
    heard[(codes == _T) & (after == _I) & ((later == _A) | (later == _O))] = _S
    kept = heard != 0
    heard, words = heard[kept], words[kept]
    fresh = np.ones(len(heard), bool)
    fresh[1:] = (heard[1:] != heard[:-1]) | (words[1:] != words[:-1])
    return heard[fresh], np.bincount(words[fresh], minlength=len(lengths))
