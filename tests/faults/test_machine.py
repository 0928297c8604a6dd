"""The state machine of machine.py, shortly: any sequence of operations leaves an index that equals a dict."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from tests.faults.machine import Machine


class PlainMachine(Machine):
    """Ranked by NumPy, so that a short test need not wait for a compiler."""

    ranker = "numpy"


TestMachine = PlainMachine.TestCase
TestMachine.settings = settings(
    max_examples=4, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
)
