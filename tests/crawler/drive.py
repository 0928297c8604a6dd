"""Run one crawl in a process of its own, for tests that kill it. Prints events as JSON lines, flushed.

python -m tests.crawler.drive DIR URL HOST:PORT [--recrawl]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from crawler.job import CrawlJob, host_and_port
from crawler.run import run


def main() -> None:
    """Crawl as the command line says."""
    directory, url, pair, *rest = sys.argv[1:]

    def tell(event: dict[str, Any]) -> None:
        print(json.dumps(event), flush=True)

    job = CrawlJob(
        Path(directory),
        seeds=(url,),
        delay_s=0.0,
        backoff_s=0.05,
        allow_private=frozenset({host_and_port(pair)}),
        recrawl="--recrawl" in rest,
    )
    tell({"event": "done", **run(job, tell).to_dict()})


if __name__ == "__main__":
    main()
