"""Instructions of one call on the caller's thread, counted by valgrind: they repeat to a few in a thousand.

The counted process calls `os.getppid` around each workload; valgrind writes what was counted by then whenever the C
library's `getppid` is entered, one file a thread, so that the file between two such calls has the workload alone.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

INSTRUCTED = {"chat": 20, "chat_stream": 3, "chat_async": 20, "messages": 20, "messages_stream": 3, "embeddings": 20}
"""Calls of each workload that one count is made over."""

_QUIET = {"ANTHROPIC_OPEN_TELEMETRY": "false", "TRACELOOP_TRACE_CONTENT": "false", "PYTHONHASHSEED": "0"}


def _total(file: Path) -> int:
    for line in file.read_text(errors="replace").splitlines():
        if line.startswith(("totals:", "summary:")):
            return int(line.split()[1])
    raise SystemExit(f"{file} has no total; is this valgrind 3.19 or newer?")


def instructions_of(variant: str, python: Path) -> dict[str, float]:
    """Workload -> instructions of one call, in a process of the variant under valgrind; takes minutes.

    Raises:
        SystemExit: there is no valgrind, or the process failed.
    """
    if shutil.which("valgrind") is None:
        raise SystemExit("no valgrind here; run: apt-get install valgrind")
    asked = [json.dumps({"do": "marked", "name": name, "times": times}) for name, times in INSTRUCTED.items()]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        command = [
            *("valgrind", "--tool=callgrind", "--separate-threads=yes", "--dump-before=getppid"),
            f"--callgrind-out-file={out}",
            *(python, Path(__file__).with_name("overhead_worker.py"), variant),
        ]
        done = subprocess.run(
            command,
            input="\n".join(asked).encode(),
            capture_output=True,
            check=False,
            env={**os.environ, **_QUIET},  # noqa: TID251  (a bench, not the package)
        )
        if done.returncode:
            sys.stderr.buffer.write(done.stderr[-4000:])
            raise SystemExit(f"{variant} failed under valgrind with {done.returncode}; its last words stand above")
        # The first dump of a workload ends what came before it, the second one has the workload.
        return {
            name: _total(Path(f"{out}.{2 * number + 2}-01")) / times
            for number, (name, times) in enumerate(INSTRUCTED.items())
        }
