"""Doctor: what is installed, what is metered by which patch, and why the rest is not."""

from __future__ import annotations

import importlib
import site
from dataclasses import asdict, field
from importlib import util
from pathlib import Path
from typing import Any

from submeter import settings
from submeter.core import guard, instruments, patch, tellers
from submeter.core.release import installed, remedy
from submeter.distro import configure
from submeter.instrumentation import FRAMEWORKS, PROVIDERS, ROWS, UNMETERED, active
from submeter.value import value
from submeter.version import VERSION

NEIGHBOURS = {
    "opentelemetry-instrumentation-genai-openai": "OpenTelemetry's own",
    "opentelemetry-instrumentation-genai-anthropic": "OpenTelemetry's own",
    "opentelemetry-instrumentation-openai-v2": "OpenTelemetry's older",
    "opentelemetry-instrumentation-openai": "OpenLLMetry",
    "opentelemetry-instrumentation-anthropic": "OpenLLMetry",
    "openinference-instrumentation-openai": "OpenInference",
    "openinference-instrumentation-anthropic": "OpenInference",
    "openlit": "OpenLIT",
    "logfire": "Logfire",
    "langfuse": "Langfuse",
    "ddtrace": "Datadog",
}
"""Distributions that meter the same calls; their spans are left out of submeter's sums."""


@value(kw_only=False)
class Sdk:
    """One SDK or framework that submeter knows.

    The state is metered (of a framework: listened to), unmetered, disabled, inactive or not installed.
    """

    package: str
    version: str
    state: str
    patches: list[str] = field(default_factory=list[str])
    reason: str = ""
    since: str = ""


@value(kw_only=False)
class Report:
    """Everything `submeter doctor` shows."""

    version: str
    is_on: bool
    start_file: bool
    endpoint: str
    swallowed_failures: int
    sdks: list[Sdk]
    frameworks: list[Sdk]
    neighbours: list[str]

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data."""
        return asdict(self)


def report() -> Report:
    """Imports every installed SDK that submeter knows, meters it, and says how that went."""
    configure.compose()
    return Report(
        version=VERSION,
        is_on=settings.is_on(),
        start_file=_has_start_file(),
        endpoint=settings.endpoint(),
        swallowed_failures=guard.failures,
        sdks=[*map(sdk, sorted(PROVIDERS)), *_unmetered()],
        frameworks=[sdk(package) for package in sorted(FRAMEWORKS)],
        neighbours=[f"{name} {installed(name)} ({whose})" for name, whose in NEIGHBOURS.items() if installed(name)],
    )


def sdk(package: str) -> Sdk:
    """Imports one SDK or framework that submeter knows, meters it, and says how that went."""
    from submeter import instrumentation  # noqa: PLC0415  (its state is asked after the import below)

    row = ROWS[package]
    version = installed(row.distribution)
    if not version or util.find_spec(package) is None:
        return Sdk(package, "", "not installed", since=row.since)
    if package in settings.disabled_providers():
        return Sdk(package, version, "disabled", reason="SUBMETER_DISABLED_PROVIDERS names it", since=row.since)
    try:
        for name in (package, *filter(_has_module, row.awaits)):
            importlib.import_module(name)
    except ImportError as error:
        return Sdk(package, version, "inactive", reason=f"cannot be imported: {error}", since=row.since)
    instrumentation.start(package)
    if package in active:
        state = "listened to" if package in FRAMEWORKS else "metered"
        patches = [*patch.patched(package), *tellers.asked(package)]
        parts = (f"not {name}: {why}" for name, why in instruments.inactive.items() if name.startswith(f"{package}."))
        return Sdk(package, version, state, patches, "; ".join(parts), row.since)
    reason = f"{instruments.inactive.get(package, '')}. {remedy(row.distribution, row.since)}"
    return Sdk(package, version, "inactive", reason=reason, since=row.since)


def _unmetered() -> list[Sdk]:
    found = [(name, installed(name), reason) for name, reason in sorted(UNMETERED.items())]
    return [Sdk(name, version, "unmetered", reason=reason) for name, version, reason in found if version]


def _has_module(name: str) -> bool:
    try:
        return util.find_spec(name) is not None
    except ModuleNotFoundError:  # in this release its package is none
        return False


def _has_start_file() -> bool:
    """Whether the start file lies beside the package, so that `SUBMETER=1` alone is enough."""
    folders = [*site.getsitepackages(), site.getusersitepackages()]
    return any((Path(folder) / "submeter.pth").is_file() for folder in folders)
