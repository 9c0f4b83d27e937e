"""REST under /api/v1: one module per family of resources, each with its `QUESTIONS`; the command line asks the same.

Their paths stand here, where a command that asks a server knows them without the models and the store behind them.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT: Final = "/api/v1"

PATHS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sessions": "/sessions",
        "session": "/sessions/{session}",
        "token-stats": "/sessions/{session}/token-stats",
        "usage": "/usage",
        "summary": "/summary",
        "user": "/users/{id}/token-usage",
        "agent": "/agents/{id}/usage",
        "collection": "/collections/{id}/token-usage",
        "tag": "/tags/{name}/{id}/token-usage",
        "cost": "/usage/cost-analysis",
        "forecast": "/forecast",
        "warnings": "/warnings",
        "models": "/models",
        "evaluations": "/evaluations",
        "audit": "/audit",
        "export": "/export",
    }
)
"""The path of every question under `ROOT`, by its name; parameters that stand in it are in braces."""
