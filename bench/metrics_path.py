"""Whether metrics alone say what spans alone say, at 100,000 users of one process.

Run: `python bench/metrics_path.py [--users 100000]`. A program makes calls of so many users with
`SUBMETER_METRIC_LABELS=user.id`; its spans go to one `submeter evaluate`, its metrics to another. Ends with 1 unless
both told the same events, and every user that passed the limit.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.server.metrics_path import compared

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Prints what both told."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=100_000)
    chosen = parser.parse_args(arguments)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = compared(Path(folder), chosen.users, 3, 1_800)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    same = set(found.by_metrics.events) == set(found.by_spans.events)
    print(f"{chosen.users:,} users; {len(found.breaches):,} passed their limit")
    for name, seen in (("spans", found.by_spans), ("metrics", found.by_metrics)):
        kinds = sorted({str(event["type"]) for event in seen.events.values()})
        print(f"by {name}: {len(seen.breaches):,} breaches, {len(seen.events):,} events ({', '.join(kinds)})")
    print(f"the same events: {'yes' if same else 'NO'}")
    print(f"{time.monotonic() - begin:,.0f} s, {used.ru_utime + used.ru_stime:,.0f} s of CPU in all processes")
    return 0 if same and found.by_metrics.breaches == found.breaches else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
