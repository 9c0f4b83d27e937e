"""Baggage: carries a scope across services, for the names that both sides allow and no others.

Off unless `SUBMETER_BAGGAGE` lists names. Baggage goes out with every request that an instrumented HTTP client
makes, to third parties too, and what comes in is what the caller says; whether that is acceptable is the
owner's decision on each side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from submeter import semconv, settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextvars import Token

    from opentelemetry.context import Context


_names: tuple[str, ...] | None = None
"""What `SUBMETER_BAGGAGE` lists, read once: a look into the environment costs every call 14 others."""


def read_settings() -> tuple[str, ...]:
    """Reads anew which attributes may cross."""
    global _names  # noqa: PLW0603  (one list for the process)
    _names = settings.baggage_names()
    return _names


def allowed(name: str, names: tuple[str, ...]) -> bool:
    """Whether `name` is one of `names`; `submeter.tag.*` stands for every tag."""
    return name in names or (name.startswith(semconv.TAG_PREFIX) and semconv.TAG_PREFIX + "*" in names)


def send(attributes: Mapping[str, str]) -> Token[Context] | None:
    """Puts the allowed ones of a scope's attributes into the baggage of what follows; the token takes them back."""
    names = read_settings() if _names is None else _names
    chosen = {name: value for name, value in attributes.items() if allowed(name, names)} if names else {}
    if not chosen:
        return None
    from opentelemetry import baggage, context  # noqa: PLC0415  (only where baggage is used)

    carried = context.get_current()
    for name, value in chosen.items():
        carried = baggage.set_baggage(name, value, carried)
    return context.attach(carried)


def take_back(token: Token[Context]) -> None:
    """Ends what `send` began."""
    from opentelemetry import context  # noqa: PLC0415

    context.detach(token)


def received() -> dict[str, str]:
    """The allowed attributes in the baggage of the work in hand, as a caller's service sent them."""
    names = read_settings() if _names is None else _names
    if not names:
        return {}
    from opentelemetry import baggage  # noqa: PLC0415

    return {name: str(value) for name, value in baggage.get_all().items() if allowed(name, names)}
