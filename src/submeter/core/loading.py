"""Loading: modules that are waited for and run just now; what is not in them yet is not missing."""

from __future__ import annotations

import sys

executing: set[str] = set()
"""Names of modules whose code has begun and not ended."""


def is_loaded(name: str) -> bool:
    """Whether the module is imported and its code has run."""
    return name in sys.modules and name not in executing
