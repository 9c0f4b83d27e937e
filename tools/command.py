"""Command: a program run in the repository, for the matrices of releases."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def run(*command: str | Path, timeout: float = 1200) -> tuple[int, str]:
    """Runs a command in the repository; its exit code and what it said."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=timeout,
    )
    return done.returncode, done.stdout
