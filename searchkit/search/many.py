"""Many queries at once, over as many threads as pay: the compiled kernels run without the interpreter's lock.

A query spends some two microseconds in Python, where threads take turns, and the rest in a kernel, where they do not.
Small batches are answered by the thread that asks. What this module does not know: what a query is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

Question = TypeVar("Question")
Found = TypeVar("Found")

_QUESTIONS_OF_A_THREAD_MIN: Final = 64
"""Starting a thread costs as much as answering so many questions."""
_THREADS_MAX: Final = 64


def in_threads(
    ask: Callable[[Question], Found], questions: Sequence[Question], threads: int | None = None
) -> list[Found]:
    """Ask every question, in several threads, and give the answers back in their order.

    Parameters
    ----------
    ask : callable
        Safe to be called from several threads.
    questions : sequence
    threads : int, optional
        At least 1; as many as there are processors, and fewer for small batches, when left out.

    Raises
    ------
    Exception
        What asking the first question that failed raised.
    """
    if threads is None:
        threads = min(os.cpu_count() or 1, len(questions) // _QUESTIONS_OF_A_THREAD_MIN)
    threads = min(threads, len(questions), _THREADS_MAX)
    if threads <= 1:
        return [ask(question) for question in questions]
    # Contiguous shares would leave threads idle where hard questions stand together.
    shares = [questions[number::threads] for number in range(threads)]
    answers: list[Found | None] = [None] * len(questions)

    def answer_share(number: int) -> None:
        answers[number::threads] = [ask(question) for question in shares[number]]

    with ThreadPoolExecutor(threads, thread_name_prefix="searchkit-many") as pool:
        for done in [pool.submit(answer_share, number) for number in range(threads)]:
            done.result()
    return answers  # type: ignore[return-value]  # Every place was filled, or an exception was raised.
