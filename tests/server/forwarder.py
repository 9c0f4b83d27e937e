"""Whether the binary in `rotel`'s wheel, a third party's forwarder, runs on this machine."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def starts(program: Path) -> bool:
    """Whether `program` is there and starts: it is linked with a shared library of Python, which not all have."""
    if not program.is_file():
        return False
    return subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0
