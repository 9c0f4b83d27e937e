"""How tests run the example programs: children of this Python, with submeter importable and warnings as errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import submeter
from submeter import settings

if TYPE_CHECKING:
    from collections.abc import Mapping

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NOBODY = "http://127.0.0.1:9"
"""An address where nobody listens."""


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """A child's environment, without this one's telemetry settings."""
    own = {name: value for name, value in settings.inherited().items() if not name.startswith(("OTEL_", "SUBMETER"))}
    source = str(Path(str(submeter.__file__)).parents[1])
    return {**own, "PYTHONPATH": source, "PYTHONWARNINGS": "error", "PYTHONUNBUFFERED": "1", **extra}


def run(*arguments: str, extra: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs this Python with `arguments` to the end."""
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env=environment(extra), check=False
    )
