"""Forks on purpose: what a child makes of what its parent has open."""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable


def status_of_child(work: Callable[[], object]) -> tuple[int, float]:
    """Fork and do something in the child within ten seconds: how it ended, and how many seconds the fork took."""
    began = time.monotonic()
    child = os.fork()
    took = time.monotonic() - began
    if child == 0:
        status = 1
        try:
            signal.alarm(10)
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1], took
