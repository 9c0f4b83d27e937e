"""Instrumentation: which SDKs submeter meters, and switching that on and off.

`PROVIDERS` is the registry. Everything else about a provider is in the module its row names. This module is
imported at interpreter start when `SUBMETER=1` is set, so it imports nothing heavy.
"""

from __future__ import annotations

from submeter import semconv


class Row:
    """One SDK: its import name, its distribution, the oldest version tried, and the scope of its own spans."""

    __slots__ = ("distribution", "native_scope", "package", "since")

    def __init__(self, package: str, distribution: str, since: str, native_scope: str = "") -> None:
        self.package = package
        self.distribution = distribution
        self.since = since
        self.native_scope = native_scope


PROVIDERS: dict[str, Row] = {
    "anthropic": Row("anthropic", "anthropic", "0.51", semconv.SCOPE_ANTHROPIC_NATIVE),
    "openai": Row("openai", "openai", "1.26"),
}
"""SDK import name -> row. The provider's table is `submeter.instrumentation.<key>.PROVIDER`."""

active: set[str] = set()
"""SDKs that are patched now."""


def start(package: str) -> bool:
    """Meters the SDK `package`, which must be imported already; says whether it is metered now.

    An SDK that changed under us costs one warning and the `submeter.instrumentation.inactive` metric.
    """
    if package in active:
        return True
    from submeter.core.guard import attempt  # noqa: PLC0415  (nothing heavy before an SDK is imported)

    reason: str = attempt(_install, package, default="submeter failed to patch it; see the log")
    if not reason:
        active.add(package)
        return True
    from submeter.core import instruments  # noqa: PLC0415

    instruments.inactive[package] = reason
    import logging  # noqa: PLC0415

    logging.getLogger("submeter").warning(
        "submeter does not meter %s: %s. Run `submeter doctor` for details.", package, reason
    )
    return False


def _install(package: str) -> str:
    import importlib  # noqa: PLC0415

    from submeter.core import patch  # noqa: PLC0415

    provider = importlib.import_module(f"submeter.instrumentation.{package}").PROVIDER
    try:
        provider.install()
    except patch.MissingError as missing:
        patch.undo(package)
        return f"this version has no {missing}"
    return ""


def stop(package: str) -> None:
    """Puts the SDK's own functions back."""
    if package in active:
        from submeter.core import patch  # noqa: PLC0415

        patch.undo(package)
        active.discard(package)
