"""Invocation: work given to an agent or a flow that runs at the provider and makes the requests to models there.

Its span has no usage: what its events report of each request becomes a call of its own, beneath it. An invocation
whose events report none is told as one without usage.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from submeter.core import instruments
from submeter.core.call import Call
from submeter.core.counted import is_first
from submeter.core.endpoint import fields_of
from submeter.core.guard import attempt
from submeter.core.reported import count_beneath

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from submeter.core.endpoint import Endpoint
    from submeter.core.reported import Found
    from submeter.record import CallRecord

_clock = time.perf_counter_ns


class Invocation(Call):
    """Work at the provider, from its order to its last event.

    Args:
        endpoint: what kind of work it is.
        provider: value of `gen_ai.provider.name`.
        server: host and port the order goes to.
        body: the order's fields.
        name: what is at work, for the span's name.
        find: the requests to models that one event reports.
    """

    is_counted = False

    __slots__ = ("_find", "_is_told")

    def __init__(
        self,
        endpoint: Endpoint,
        provider: str,
        server: tuple[str, int | None],
        body: Mapping[str, Any],
        *,
        name: str,
        find: Callable[[Mapping[str, Any]], Iterable[Found]],
    ) -> None:
        super().__init__(endpoint, provider, server, body)
        self._find = find
        self._is_told = False
        if name:
            self.span.update_name(f"{endpoint.kind} {name}")

    def observe(self, chunk: Any) -> bool:
        """Counts the requests that one event reports."""
        self.chunks += 1
        self.last_ns = _clock()
        self.first_ns = self.first_ns or self.last_ns
        for found in self._find(fields_of(chunk)):
            self._is_told = True
            if is_first(found.identity):
                attempt(count_beneath, self, found)
        return False

    def _record(self, ended_ns: int, error: BaseException | None, is_partial: bool) -> CallRecord:  # noqa: FBT001  (as in `Call`)
        record = super()._record(ended_ns, error, is_partial)
        if not self._is_told:
            attempt(instruments.count, record)
        return record
