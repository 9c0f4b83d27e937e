"""A stand-in LLM provider: a real server on a loopback socket that answers as OpenAI and Anthropic do.

    with StandIn() as provider:
        client = openai.OpenAI(base_url=provider.openai_url, api_key="any")
        ...
        provider.ledger[-1].usage  # exactly what was sent

Token counts follow one stated rule (`memory.count`), prompts really are cached, answers are deterministic in
length, and `x-standin: status=429,times=1` or `provider.script(...)` plays faults (`faults.Fault`).
Standard library only.
"""

from __future__ import annotations

from .faults import Fault, FaultError
from .ledger import Entry, Totals
from .server import StandIn

__all__ = ["Entry", "Fault", "FaultError", "StandIn", "Totals"]
