"""The stand-in's own paths: `GET /_ledger`, `GET /_totals`, `POST /_script`, `POST /_reset`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from .faults import FaultError

if TYPE_CHECKING:
    from .server import StandIn
    from .wire import Json


def control_answer(standin: StandIn, method: str, path: str, raw: bytes) -> tuple[int, Json] | None:
    """The status and document for a control path, `None` for every other path."""
    if (method, path) == ("GET", "/_ledger"):
        return 200, {"entries": [asdict(entry) for entry in standin.ledger]}
    if (method, path) == ("GET", "/_totals"):
        return 200, asdict(standin.totals())
    if (method, path) == ("POST", "/_reset"):
        standin.reset()
        return 200, {}
    if (method, path) == ("POST", "/_script"):
        return _script(standin, raw)
    return None


def _script(standin: StandIn, raw: bytes) -> tuple[int, Json]:
    try:
        document = json.loads(raw)
        standin.script(document["fault"], path=document.get("path", ""), contains=document.get("contains", ""))
    except (ValueError, KeyError, TypeError, AttributeError, FaultError) as error:
        return 400, {"error": f"send {{fault, path, contains}} as JSON: {error}"}
    return 200, {}
