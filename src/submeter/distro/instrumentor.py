"""Instrumentor: what `opentelemetry-instrument` and configuration files load, by the entry point `submeter`.

It has the surface they call, not their base class: that would make opentelemetry-instrumentation a dependency
of every application.
"""

from __future__ import annotations

from typing import Any

from submeter.distro import configure


class Instrumentor:
    """Switches metering on and off."""

    def instrument(self, **options: Any) -> None:
        """Meters every known SDK; takes the same provider arguments as `submeter.instrument`."""
        providers = ("tracer_provider", "meter_provider", "logger_provider")
        configure.instrument(**{name: options.get(name) for name in providers})

    def uninstrument(self, **_options: Any) -> None:
        """Puts the SDKs' own functions back."""
        configure.uninstrument()

    def instrumentation_dependencies(self) -> tuple[str, ...]:
        """None: an SDK that is not installed is simply not waited for."""
        return ()
