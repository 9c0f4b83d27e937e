"""submeter: token metering for LLM apps, on OpenTelemetry.

The public API. Its parts are loaded on first use, because this package is imported at interpreter start when
`SUBMETER=1` is set and must not cost a program that makes no call.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from submeter.context import Meter, carry, session
    from submeter.core.gate import LimitExceeded
    from submeter.distro.configure import instrument, uninstrument
    from submeter.distro.enforcement import enforce, stop_enforcing
    from submeter.distro.watch import on_warning
    from submeter.evaluator.limit import LimitRule
    from submeter.version import VERSION

    __version__ = VERSION

__all__ = [
    "LimitExceeded",
    "LimitRule",
    "Meter",
    "__version__",
    "carry",
    "enforce",
    "instrument",
    "on_warning",
    "session",
    "stop_enforcing",
    "uninstrument",
]

_HOMES = {
    "LimitExceeded": "submeter.core.gate",
    "LimitRule": "submeter.evaluator.limit",
    "Meter": "submeter.context",
    "VERSION": "submeter.version",
    "carry": "submeter.context",
    "enforce": "submeter.distro.enforcement",
    "instrument": "submeter.distro.configure",
    "on_warning": "submeter.distro.watch",
    "session": "submeter.context",
    "stop_enforcing": "submeter.distro.enforcement",
    "uninstrument": "submeter.distro.configure",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        name = "VERSION"
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'submeter' has no attribute {name!r}")
    import importlib  # noqa: PLC0415  (loaded on first use: see above)

    return getattr(importlib.import_module(home), name)
