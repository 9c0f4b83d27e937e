"""Loading: modules that are waited for and run just now; what is not in them yet is not missing."""

from __future__ import annotations

import sys

executing: set[str] = set()
"""Names of modules whose code has begun and not ended."""


def is_loaded(target: str) -> bool:
    """Whether the module of `target` ("module:name", or a module alone) is imported and its code has run."""
    module = target.partition(":")[0]
    return module in sys.modules and module not in executing
