"""Limits: how many tokens a model takes and gives."""

from __future__ import annotations

from typing import NamedTuple

from submeter import catalog


class Limits(NamedTuple):
    """What one request to a model can hold, in tokens; `None` where it is not known.

    `context_window` is the total that input and output share: what a call's input plus output is measured
    against. `max_input_tokens` is what the input alone may be, which some providers set below the window.
    """

    context_window: int | None = None
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None


def limits_of(provider: str, model: str) -> Limits | None:
    """The limits of the model that `provider` sells as `model`, `None` if the model or all of them are unknown."""
    found = catalog.find(provider, model)
    if found is None:
        return None
    if not (found.context_window or found.max_input_tokens or found.max_output_tokens):
        return None
    return Limits(
        context_window=found.context_window,
        max_input_tokens=found.max_input_tokens,
        max_output_tokens=found.max_output_tokens,
    )
