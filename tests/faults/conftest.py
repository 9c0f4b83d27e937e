"""What a broken function leaves behind stays with the test that broke it: its scope, and what is attached for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from opentelemetry import context as otel_context

from submeter import context
from submeter.context.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def nothing_is_left_to_others() -> Iterator[None]:
    """Whatever a session could not end is ended."""
    before = otel_context.get_current()
    yield
    current_scope.set(context.EMPTY)
    if otel_context.get_current() is not before:
        otel_context.attach(before)
