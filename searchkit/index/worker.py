"""A process that builds segments for a writer: `parallel.py` starts it and speaks with it over its standard streams.

Each message is answered by one: documents added or removed by the memory that takes, a segment written by its receipt, and
whatever went wrong by the error, after which the process ends. It also ends when there is nobody to read from.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import IO

from searchkit.analysis.analyzer import analyzer
from searchkit.errors import OutOfMemory, SearchkitError, StorageError
from searchkit.index.builder import SegmentBuilder
from searchkit.index.parallel import read_frame, write_frame
from searchkit.model.schema import Schema
from searchkit.store.files import os_errors


def serve(asked: IO[bytes], answers: IO[bytes]) -> None:
    """Do what is asked until there are no more messages."""
    _, fields, folder, memory = read_frame(asked)
    directory, schema = Path(folder), Schema.from_dict(fields)
    builder = SegmentBuilder(analyzer(schema.language), schema, directory, memory)
    write_frame(answers, ("memory", 0))
    answer: tuple[str, object] = ("memory", 0)
    while answer[0] != "error":
        kind, *rest = read_frame(asked)
        try:
            with os_errors(directory):
                if kind == "add":
                    builder.add(*rest)
                elif kind == "remove":
                    builder.remove(*rest)
                else:
                    receipt = builder.write(Path(rest[0])) if kind == "write" else None
                    builder.renew()
            answer = ("memory", builder.memory) if kind in ("add", "remove") else ("receipt", receipt)
        except SearchkitError as error:
            answer = ("error", error)
        except MemoryError:
            answer = ("error", OutOfMemory(directory))
        except Exception as error:
            answer = ("error", StorageError(directory, f"a process that builds segments failed: {error!r}"))
        write_frame(answers, answer)


def main() -> None:
    """Speak over the standard streams, which nothing else may write to."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with contextlib.suppress(EOFError, BrokenPipeError):
        serve(sys.stdin.buffer, answers)
    # Whoever reads has gone or has the answer; what is left is not worth being put in order.
    os._exit(0)


if __name__ == "__main__":
    main()
