"""Enforcement, where the application opted in: the next call over a limit does not leave the host.

Answered from memory alone. The sums are this process's own, and where a server is named, raised every few seconds
to what it knows of all processes. By default a call goes through whenever the limits are not known.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
import urllib.request
from typing import TYPE_CHECKING, Any, Final

from submeter import settings
from submeter.core import call as calls
from submeter.core import gate
from submeter.core.gate import LimitExceeded
from submeter.core.guard import attempt, deliberately
from submeter.evaluator import Evaluator
from submeter.evaluator.limit import LimitRule
from submeter.evaluator.shortcuts import rules_from_settings
from submeter.evaluator.written import limit_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from submeter.context import Scope
    from submeter.core.call import Call
    from submeter.record import CallRecord

POLL_S: Final = 2.0
_TIMEOUT_S: Final = 5.0
_FIRST_TIMEOUT_S: Final = 2.0
_LARGEST: Final = 64_000_000
_UNANSWERED: Final = (OSError, ValueError, KeyError, TypeError)
"""What a server that is away or no submeter server comes to; the state then only grows old."""

_UNKNOWN: Final = (
    "submeter does not know the limits: {} has not answered for {:.0f} s. Calls are refused because enforcement is "
    "fail-closed; start the server, or leave `fail_closed` out"
)


class Enforcement:
    """The limits that are enforced, and what they are asked."""

    def __init__(
        self,
        own: Sequence[LimitRule],
        server: str,
        *,
        fail_closed: bool,
        on_exceeded: Callable[[LimitExceeded], object] | None,
        poll_s: float,
    ) -> None:
        self._own = tuple(own)
        self._evaluator = Evaluator(self._own)
        self._server = server.rstrip("/")
        self._is_closed = fail_closed
        self._on_exceeded = on_exceeded
        self._poll_s = poll_s
        self._oldest_s = max(10 * poll_s, 30.0)
        self._version = ""
        self._heard_at = 0.0
        self._began_at = time.monotonic()
        self._models: dict[str, str] = {}
        self.is_over = False

    def ask(self, call: Call) -> None:
        """Raises what the host gets in the call's place; returns when the call may leave."""
        if not call.is_leaving or call.endpoint.counts_as:  # an answer that is fetched costs nothing more
            return
        refused = attempt(self._refusal, call, default=self._failure())
        if refused is None:
            return
        if self._on_exceeded is None:
            raise refused
        deliberately(self._on_exceeded, refused)

    def observe(self, record: CallRecord, _scope: Scope) -> None:
        """Counts a finished call."""
        if record.response_model and record.response_model != record.request_model:
            self._models[record.request_model] = record.response_model
        self._evaluator.observe(record)

    def poll(self, timeout_s: float = _TIMEOUT_S) -> None:
        """Takes over the server's limits and sums.

        Raises:
            OSError, ValueError, KeyError: it does not answer, or not as a submeter server does.
        """
        request = urllib.request.Request(f"{self._server}/api/v1/limits/enforced?known={self._version}")  # noqa: S310  (checked by `enforce`)
        if token := settings.api_token():
            request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=timeout_s) as response:  # noqa: S310  (the same)
            told: dict[str, Any] = json.loads(response.read(_LARGEST))
        if told["limits"] is not None:
            theirs = [limit_of(plain) for plain in told["limits"]]
            names = {rule.name for rule in theirs}
            self._evaluator.replace([*(rule for rule in self._own if rule.name not in names), *theirs])
            self._version = told["version"]
        for name, near in told["near"].items():
            attempt(self._evaluator.reconcile, name, dict(near), told["at_ns"])
        self._heard_at = time.monotonic()

    def keep_polling(self) -> None:
        """Polls until enforcement is over; failures only make the state old."""
        while not self.is_over:
            time.sleep(self._poll_s)
            with contextlib.suppress(*_UNANSWERED):
                self.poll()

    def _refusal(self, call: Call) -> LimitExceeded | None:
        now_ns = time.time_ns()
        values = _values(call)
        decision = self._evaluator.decide(values, now_ns)
        if decision.is_allowed and (response_model := self._models.get(call.model)):
            decision = self._evaluator.decide({**values, "model": response_model}, now_ns)
        if decision.is_allowed:
            return self._failure()
        return LimitExceeded(
            decision.message,
            rule=decision.rule,
            subject_kind=decision.subject_kind,
            subject=decision.subject,
            unit=decision.unit,
            current=decision.current,
            limit=decision.limit,
            until_ns=decision.until_ns,
        )

    def _failure(self) -> LimitExceeded | None:
        """The refusal of a call because nothing is known, where that was asked for."""
        if not self._is_closed or not self._server:
            return None
        age_s = time.monotonic() - (self._heard_at or self._began_at)
        if self._heard_at and age_s <= self._oldest_s:
            return None
        return LimitExceeded(_UNKNOWN.format(self._server, age_s))


_active: Enforcement | None = None
_lock = threading.Lock()


def enforce(
    *limits: LimitRule,
    server: str = "",
    fail_closed: bool = False,
    on_exceeded: Callable[[LimitExceeded], object] | None = None,
    poll_s: float = POLL_S,
) -> None:
    """Refuses calls over a limit from now on: they raise `LimitExceeded` before they leave. Called again, it replaces.

    Args:
        limits: limits to enforce, counted in this process. Without them and without `server`: those of the
            `SUBMETER_MAX_*` variables, and those of the file in `SUBMETER_RULES` with `enforce: true`.
        server: address of a `submeter up` whose limits with `enforce: true` hold for all processes together.
        fail_closed: refuses calls also while the server's limits are not known; by default those go through.
        on_exceeded: called instead of raising. What it raises is raised to the caller; if it returns, the call leaves.
        poll_s: how often the server is asked, in seconds.

    Raises:
        ValueError: there is nothing to enforce, or `server` is no address.
    """
    global _active  # noqa: PLW0603  (one for the process)
    if server and not server.startswith(("http://", "https://")):
        raise ValueError(f"server={server!r} is no address: write it like http://127.0.0.1:4318")
    own = limits or (() if server else _configured())
    if not own and not server:
        raise ValueError(
            "there is nothing to enforce: give limits, name a server, set SUBMETER_MAX_TOKENS_PER_USER_DAILY or "
            "SUBMETER_MAX_COST_DAILY_USD, or mark limits of the file in SUBMETER_RULES with `enforce: true`"
        )
    made = Enforcement(
        [_enforced(rule) for rule in own], server, fail_closed=fail_closed, on_exceeded=on_exceeded, poll_s=poll_s
    )
    with _lock:
        _stop()
        if server:
            with contextlib.suppress(*_UNANSWERED):
                made.poll(_FIRST_TIMEOUT_S)
            _start(made)
        _active = made
        calls.observers.append(made.observe)
        gate.ask = made.ask


def enforce_from_settings() -> None:
    """Enforces as `SUBMETER_ENFORCE` says: not at all, this process's own limits, or those of a server."""
    value = settings.variable("SUBMETER_ENFORCE")
    if value.startswith("http"):
        enforce(server=value, fail_closed=settings.flag("SUBMETER_ENFORCE_CLOSED"))
    elif settings.flag("SUBMETER_ENFORCE"):
        enforce()


def stop_enforcing() -> None:
    """Lets every call leave again."""
    with _lock:
        _stop()


def _stop() -> None:
    global _active  # noqa: PLW0603  (the same)
    if _active is not None:
        _active.is_over = True
        gate.ask = None
        with contextlib.suppress(ValueError):
            calls.observers.remove(_active.observe)
        _active = None


def _start(made: Enforcement) -> None:
    threading.Thread(target=made.keep_polling, name="submeter-limits", daemon=True).start()


def _again() -> None:
    """A fork leaves the polling thread behind: its child polls by itself."""
    if _active is not None and _active._server:  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        _start(_active)


def _enforced(rule: LimitRule) -> LimitRule:
    if rule.enforce:
        return rule
    from submeter.value import replace  # noqa: PLC0415  (only who enforces needs it)

    return replace(rule, enforce=True)


def _configured() -> tuple[LimitRule, ...]:
    asked = [rule for rule in rules_from_settings() if isinstance(rule, LimitRule)]
    if path := settings.rules_file():
        from submeter.evaluator.rulefile import read_rules  # noqa: PLC0415  (YAML, only where a file is named)

        written = [rule for rule in read_rules(path) if isinstance(rule, LimitRule) and rule.enforce]
        names = {rule.name for rule in written}
        asked = [*(rule for rule in asked if rule.name not in names), *written]
    return tuple(asked)


def _values(call: Call) -> Mapping[str, str]:
    scope = call.scope
    values = {
        "user": scope.user_id,
        "session": scope.session_id,
        "operation": scope.operation,
        "step": scope.step,
        "agent": scope.agent,
        "service": calls.telemetry().service,
        "provider": call.provider,
        "model": call.model,
        "kind": call.kind,
    }
    for tag, value in scope.tags.items():
        values[f"tag.{tag}"] = value
    return values


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_again)
