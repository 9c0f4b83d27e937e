"""Counters of the intake, and their Prometheus text for `/metrics`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_HELP = {
    "submeter_intake_requests_total": "OTLP requests answered, by signal, transport and outcome.",
    "submeter_intake_items_total": "Spans, log records and data points, by signal and outcome.",
    "submeter_intake_bytes_total": "Bytes of OTLP bodies accepted, unpacked.",
    "submeter_intake_repeated_requests_total": "Requests that had been stored already and were only acknowledged.",
    "submeter_intake_batches_total": "Batches written to the store, by signal and outcome.",
    "submeter_calls_total": "Model calls stored.",
    "submeter_warnings_total": "Warnings raised by this server's evaluator, by severity.",
    "submeter_evaluator_failures_total": "Batches that the evaluator could not judge.",
    "submeter_clickhouse_requests_total": "Statements answered by the ClickHouse endpoint, by outcome.",
    "submeter_questions_total": "Questions answered over REST, by outcome.",
}


@dataclass(slots=True)
class Counters:
    """Totals since the server started. Used from one thread (the event loop) only."""

    totals: Counter[tuple[str, tuple[tuple[str, str], ...]]] = field(
        default_factory=Counter[tuple[str, tuple[tuple[str, str], ...]]]
    )

    def add(self, name: str, amount: int = 1, /, **labels: str) -> None:
        """Adds `amount` to the counter `name` with `labels`."""
        self.totals[name, tuple(sorted(labels.items()))] += amount

    def total(self, name: str, /, **labels: str) -> int:
        """The sum of all cells of `name` that carry these labels."""
        wanted = set(labels.items())
        return sum(amount for (cell, pairs), amount in self.totals.items() if cell == name and wanted <= set(pairs))

    def text(self, gauges: Iterable[tuple[str, str, float]] = ()) -> str:
        """The Prometheus exposition; `gauges` are (name, help, value) read at this moment."""
        lines: list[str] = []
        for name, meaning in _HELP.items():
            cells = sorted((pairs, n) for (cell, pairs), n in self.totals.items() if cell == name)
            lines += [f"# HELP {name} {meaning}", f"# TYPE {name} counter"]
            lines += [f"{name}{_labels(pairs)} {amount}" for pairs, amount in cells]
        for name, meaning, value in gauges:
            lines += [f"# HELP {name} {meaning}", f"# TYPE {name} gauge", f"{name} {value:g}"]
        return "\n".join(lines) + "\n"


def _labels(pairs: tuple[tuple[str, str], ...]) -> str:
    if not pairs:
        return ""
    escaped = ((name, value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")) for name, value in pairs)
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped) + "}"
