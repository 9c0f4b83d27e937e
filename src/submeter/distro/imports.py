"""Imports: has an SDK metered right after the application imports it, and never imports one itself.

A finder of our own rather than a library's, because this runs at interpreter start, where importing `typing`
alone would cost ten times as much as all of it.
"""

from __future__ import annotations

import sys

from submeter import instrumentation
from submeter.core.guard import attempt
from submeter.core.loading import executing
from submeter.instrumentation import ROWS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_packages: dict[str, str] = {}
"""Name of a module that is waited for -> the SDK it belongs to."""


class Finder:
    """Sees the import of a module of an SDK, and has `loaded` called with its name once it is there.

    Args:
        names: names of the modules that are waited for.
        loaded: what to call.
    """

    def __init__(self, names: set[str], loaded: Callable[[str], object]) -> None:
        self._names = names
        self._loaded = loaded

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec the other finders have, with our hook on its loader; `None` for everything but an SDK."""
        if name not in self._names:
            return None
        for finder in sys.meta_path:
            if finder is not self and hasattr(finder, "find_spec"):
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    attempt(self._hook, spec, name)
                    return spec
        return None

    def _hook(self, spec: ModuleSpec, name: str) -> None:
        loader = spec.loader
        load = getattr(loader, "exec_module", None)
        if loader is None or load is None:
            return

        def exec_module(module: ModuleType) -> None:
            attempt(delattr, loader, "exec_module")
            self._names.discard(name)
            executing.add(name)
            try:
                load(module)
            finally:
                executing.discard(name)
            attempt(self._loaded, name)

        # On the loader object of this one module; it is taken off again when the module runs. Programs look for
        # specs without loading them too, so a name is waited for until its module runs.
        loader.exec_module = exec_module


def wait() -> None:
    """Meters every known SDK once the application imports it; what it has imported already, at once."""
    from submeter import settings  # noqa: PLC0415  (already loaded by whoever calls this)

    disabled = settings.disabled_providers()
    for package, row in ROWS.items():
        if package not in disabled:
            _packages.update(dict.fromkeys((package, *row.awaits), package))
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder({name for name in _packages if name not in sys.modules}, loaded))  # pyright: ignore[reportArgumentType]
    for name in sorted(_packages):
        if name in sys.modules:
            loaded(name)


def stop_waiting() -> None:
    """Takes our finder out of the import system."""
    _packages.clear()
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, Finder)]


def loaded(name: str) -> None:
    """Meters what is in the module `name`, which is imported now."""
    package = _packages.get(name)
    if package is None:
        return
    if name in ROWS[package].awaits:
        meter(package)
    else:
        instrumentation.expect(package)


def meter(package: str) -> None:
    """Meters what is imported of an SDK."""
    from submeter.distro import configure  # noqa: PLC0415  (OpenTelemetry, only once an SDK is there)

    configure.compose()
    instrumentation.start(package)
