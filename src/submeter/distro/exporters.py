"""Exporters: where our own providers send telemetry, as `OTEL_*_EXPORTER` and the protocol variables say.

`otlp` is what is meant where nothing is said; `none` sends nothing; several names are separated by commas. Any other
name is that of an exporter which an installed distribution offers under it, as OpenTelemetry's own start-up reads it:
`console` comes with the SDK. A name that nobody offers costs one line and is passed over.
"""

from __future__ import annotations

import importlib
import inspect
import logging
from functools import cache
from typing import Any

from submeter import settings

made: list[Any] = []
"""The exporters in use."""

_OTLP = {
    "traces": ("trace_exporter", "OTLPSpanExporter"),
    "metrics": ("metric_exporter", "OTLPMetricExporter"),
    "logs": ("_log_exporter", "OTLPLogExporter"),
}


@cache
def kinds(signal: str) -> tuple[Any, ...]:
    """The exporter classes of `signal`: `traces`, `metrics` or `logs`; for metrics, a reader may stand for one."""
    variable = f"OTEL_{signal.upper()}_EXPORTER"
    names = [name.strip().lower() for name in settings.variable(variable, "otlp").split(",")]
    found = [kind for name in dict.fromkeys(names) if (kind := _kind(signal, name, variable)) is not None]
    return tuple(found) if found or "none" in names else (_otlp(signal),)


def make(signal: str, **options: Any) -> list[Any]:
    """The exporters of a signal, made with those `options` that they know; empty for none."""
    from submeter.distro.quiet import quieten  # noqa: PLC0415  (only where we build)

    exporters = list[Any]()
    for kind in kinds(signal):
        quieten(kind.__module__)
        exporters.append(kind(**known(kind, **options)))
    made.extend(exporters)
    return exporters


def known(kind: Any, **options: Any) -> dict[str, Any]:
    """Those options that this release of a class has."""
    return {name: value for name, value in options.items() if name in inspect.signature(kind).parameters}


def endpoints() -> list[str]:
    """The addresses that the exporters in use send to; the console and its like have none."""
    network = [exporter for exporter in made if ".otlp." in type(exporter).__module__]
    return sorted({getattr(exporter, "_endpoint", "") or settings.endpoint() for exporter in network})


def _kind(signal: str, name: str, variable: str) -> Any:
    if name in ("none", ""):
        return None
    if name == "otlp":
        return _otlp(signal)
    from importlib.metadata import entry_points  # noqa: PLC0415  (only who asks for something else pays for it)

    for offered in entry_points(group=f"opentelemetry_{signal}_exporter", name=name):
        return offered.load()
    logging.getLogger("submeter").warning(
        "%s=%s: nothing that is installed exports %s under this name. Set otlp, console or none, or install the "
        "package that has it. It is passed over; where no other name is set, %s go by otlp.",
        variable,
        name,
        signal,
        signal,
    )
    return None


def _otlp(signal: str) -> Any:
    protocol = settings.variable("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
    protocol = settings.variable(f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL", protocol)
    module, name = _OTLP[signal]
    transport = "grpc" if protocol == "grpc" else "http"
    try:
        return getattr(importlib.import_module(f"opentelemetry.exporter.otlp.proto.{transport}.{module}"), name)
    except ModuleNotFoundError:
        logging.getLogger("submeter").warning(
            "OTEL_EXPORTER_OTLP_PROTOCOL is grpc but its exporter is not installed: "
            "pip install opentelemetry-exporter-otlp-proto-grpc. Using http/protobuf instead."
        )
        return getattr(importlib.import_module(f"opentelemetry.exporter.otlp.proto.http.{module}"), name)
