"""Configure: puts the host half together, once, whichever of the ways it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from submeter import instrumentation, settings
from submeter.core import body, instruments, telemetry, threads
from submeter.core.guard import attempt
from submeter.distro import imports, providers, watch

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

_is_composed = False


def instrument(
    *,
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
    logger_provider: LoggerProvider | None = None,
) -> None:
    """Meters every call of every known SDK, from now on; does nothing the second time.

    Args:
        tracer_provider: where spans go, and without the others, only spans. By default the application's own
            provider if it has set one by the first call, else one that exports by OTLP as the standard `OTEL_*`
            variables say.
        meter_provider: the same for metrics.
        logger_provider: the same for events.
    """
    if tracer_provider is not None or meter_provider is not None or logger_provider is not None:
        attempt(instruments.renew)
        providers.given = providers.Given(tracer_provider, meter_provider, logger_provider)
        attempt(telemetry.use, providers.chosen)
    attempt(imports.wait)


def uninstrument() -> None:
    """Puts every SDK's own functions back and stops waiting for others.

    Calls under way are still counted, but for streams that nobody has begun to read: such a one is told as partial,
    without what it would have stated, unless the SDK has made its iterator already (openai does so with `create`).
    """
    imports.stop_waiting()
    for package in sorted(instrumentation.active):
        instrumentation.stop(package)
    body.unhook()
    threads.stop()


def compose() -> None:
    """Connects the parts: where telemetry goes, the evaluator, and threads. Does nothing the second time."""
    global _is_composed  # noqa: PLW0603  (once for the process)
    if _is_composed:
        attempt(threads.start)
        return
    _is_composed = True
    telemetry.use(providers.chosen)
    attempt(providers.prepare)
    attempt(watch.start)
    if settings.variable("SUBMETER_ENFORCE"):
        attempt(_enforce)
    attempt(threads.start)


def _enforce() -> None:
    from submeter.distro.enforcement import enforce_from_settings  # noqa: PLC0415  (only who enforces needs it)

    enforce_from_settings()
