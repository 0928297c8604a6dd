"""What every test may ask for: how hard hypothesis tries, and where the larger real data is.

Hypothesis runs few examples while somebody waits (`dev`) and more, always the same ones, in a check (`ci`, chosen by
HYPOTHESIS_PROFILE or by CI=true). The data of ../shared/data is never part of this repository: a test that needs
it takes the fixture `shared_data` and is skipped, with the reason, where it is not there.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("dev", max_examples=25, deadline=None)
settings.register_profile(
    "ci",
    max_examples=100,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository: what a test of the documentation reads."""
    return ROOT


@pytest.fixture(scope="session")
def tiny() -> Path:
    """`data/tiny/`: twelve documents, eight queries and their judgements, small enough to reason about."""
    return ROOT / "data" / "tiny"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data: SEARCHKIT_DATA, or `shared/data` beside the repository."""
    named = os.environ.get("SEARCHKIT_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"needs the real data of {'SEARCHKIT_DATA' if named else '../shared/data'}, which is not here")
    return folder
