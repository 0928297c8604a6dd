"""BM25F, written to be read: the ranking function of searchkit, in NumPy.

For a document d and a leaf q of a query (a word, a phrase, a prefix), over the text fields c of the schema:

    f(q, d)     = sum over c of  weight_c · tf_c / ((1 - b) + b · length_c / mean_c)
    score(d)    = sum over q of  times_q · idf_q · f / (f + k1)
    idf         = ln(1 + (N - n + 0.5) / (n + 0.5))

This is section 3.5 (BM25F) of [1]_ with one b for all fields; the idf is Lucene's, which is never negative.
It differs from section 3.4 in leaving out the constant factor k1 + 1, which cannot change an order. N, n and
the means count live documents of the whole index. Everything is computed in float64, term by term in the
order of the query, field by field in the order of the schema, and rounded to float32 once at the end: the
kernels and the reference of the tests do the same operations in the same order and agree bit for bit.

.. [1] S. Robertson, H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", Foundations and
   Trends in Information Retrieval 3(4), 2009. doi:10.1561/1500000019
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DEFAULT_K1 = 1.2
DEFAULT_B = 0.75


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a score depends on besides the document.

    Attributes
    ----------
    k1 : float
        Saturation of frequency, above 0.
    b : float
        Length normalisation, 0 to 1.
    weights : tuple of float
        Weight of each text field, in schema order.
    means : tuple of float
        Mean length of each text field over all live documents, in tokens; 0 if the field is always empty.
    """

    k1: float
    b: float
    weights: tuple[float, ...]
    means: tuple[float, ...]


def inverse_document_frequency(documents: int, frequency: int) -> float:
    """How telling a leaf is that occurs in `frequency` of `documents` documents; above 0.

    Examples
    --------
    >>> round(inverse_document_frequency(documents=1000, frequency=10), 4)
    4.5574
    """
    return math.log(1 + (documents - frequency + 0.5) / (frequency + 0.5))


def length_norms(lengths: npt.NDArray[np.uint32], mean: float, b: float) -> npt.NDArray[np.float64]:
    """The divisor of a frequency in one field, 1 for a document of mean length.

    Parameters
    ----------
    lengths : ndarray of shape (n,), uint32
        Tokens of the field in each document.
    mean : float
        Mean of the field, above 0.
    """
    norms: npt.NDArray[np.float64] = (1 - b) + b * (lengths / mean)
    return norms


def combined_frequencies(
    tfs: npt.NDArray[np.uint32], lengths: npt.NDArray[np.uint32], parameters: Parameters, fields: int
) -> npt.NDArray[np.float64]:
    """f of one leaf in each of its documents.

    Parameters
    ----------
    tfs, lengths : ndarray of shape (n, text fields), uint32
        Occurrences of the leaf in each field, and tokens of each field, of the same documents.
    parameters : Parameters
    fields : int
        Mask of fields that count; bit i for the i-th.

    Returns
    -------
    ndarray of shape (n,), float64
        0 where the leaf occurs in none of the fields that count.
    """
    f = np.zeros(len(tfs))
    for field, (weight, mean) in enumerate(zip(parameters.weights, parameters.means, strict=True)):
        if fields >> field & 1 and mean > 0:
            norms = length_norms(lengths[:, field], mean, parameters.b)
            # An empty field has a norm of 0 where b is 1; nothing occurs in it, and nothing is added.
            f += np.divide(weight * tfs[:, field], norms, out=np.zeros(len(f)), where=tfs[:, field] > 0)
    return f


def contributions(f: npt.NDArray[np.float64], *, idf: float, times: int, k1: float) -> npt.NDArray[np.float64]:
    """What one leaf adds to the score of each of its documents, shape (len(f),), float64."""
    added: npt.NDArray[np.float64] = times * (idf * (f / (f + k1)))
    return added
