"""docs/RELIABILITY.md names every part of the soak, and none there is not."""

from __future__ import annotations

import re
from pathlib import Path

from tests.faults.soak import PARTS

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "RELIABILITY.md").read_text(encoding="utf-8")


def test_every_part_is_in_the_table():
    """A part that is not described cannot be judged; `nth-*` stands for the five of them."""
    rows = re.findall(r"^\| ((?:`[\w*-]+`(?:, )?)+) \|", TEXT, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([\w*-]+)`", row)}
    assert named == {"nth-*" if name.startswith("nth-") else name for name in PARTS}
