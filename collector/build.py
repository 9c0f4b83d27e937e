"""`python -m collector.build [lean|full]`: builds the OpenTelemetry Collector of a manifest into `dist/`.

Go's own build of the public modules the manifest lists; nothing is rebuilt while the manifest stays the same.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER: Final = Path(__file__).parent
MANIFESTS: Final = ("lean", "full")
BINARY: Final = "submeter-collector"
_BUILDER: Final = "go.opentelemetry.io/collector/cmd/builder"
_STAMP: Final = "manifest.sha256"
_GO_MISSING: Final = (
    "the collector is built with Go, and there is no `go` on the PATH: install Go 1.26 or newer, "
    "or use the container of collector/compose.yaml. `submeter up` alone needs neither."
)
_NEEDED_GO: Final = (1, 26)


class BuildError(Exception):
    """The collector could not be built; the message names the fix."""


def binary(manifest: str) -> Path:
    """Where the collector of a manifest is or will be."""
    return FOLDER / "dist" / manifest / BINARY


def is_built(manifest: str) -> bool:
    """Whether the collector is there and was built from the manifest as it is now."""
    stamp = binary(manifest).with_name(_STAMP)
    return binary(manifest).is_file() and stamp.is_file() and stamp.read_text() == _digest(manifest)


def build(manifest: str) -> None:
    """Builds unless built already.

    Raises:
        BuildError: Go is missing or too old, or its build failed.
    """
    if is_built(manifest):
        return
    go = shutil.which("go")
    if go is None:
        raise BuildError(_GO_MISSING)
    _check_version(go)
    folder = binary(manifest).parent
    folder.mkdir(parents=True, exist_ok=True)
    config = f"builder-{manifest}.yaml"
    sys.stderr.write(f"Building the collector from {config} (minutes the first time) ...\n")
    command = [go, "run", f"{_BUILDER}@v{train(manifest)}", "--config", config]
    if subprocess.run(command, cwd=FOLDER, check=False).returncode:  # noqa: S603  (Go, with our own manifest)
        raise BuildError(f"the build from {config} failed; what Go said stands above")
    (folder / _STAMP).write_text(_digest(manifest))


def _check_version(go: str) -> None:
    said = subprocess.run([go, "version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    found = re.search(r"go(\d+)\.(\d+)", said)
    if found is not None and (int(found[1]), int(found[2])) < _NEEDED_GO:
        raise BuildError(f"the collector needs Go 1.26 or newer; {go} is {found[0]}")


def train(manifest: str) -> str:
    """The release train a manifest pins: the version of its distribution."""
    found = re.search(r"^  version: (\S+)$", _text(manifest), re.MULTILINE)
    if found is None:
        raise BuildError(f"builder-{manifest}.yaml has no line `  version: X.Y.Z` under `dist:`")
    return found[1]


def _digest(manifest: str) -> str:
    return hashlib.sha256(_text(manifest).encode()).hexdigest()


def _text(manifest: str) -> str:
    return (FOLDER / f"builder-{manifest}.yaml").read_text()


def main(arguments: Sequence[str] | None = None) -> int:
    """Builds, then says where the collector is and which version; 1 where it could not be built."""
    parser = argparse.ArgumentParser(prog="python -m collector.build", description=__doc__)
    parser.add_argument("manifest", nargs="?", choices=MANIFESTS, default="lean")
    manifest = parser.parse_args(arguments).manifest
    try:
        build(manifest)
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    said = subprocess.run([binary(manifest), "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    sys.stdout.write(f"{said.stdout.strip()}: {binary(manifest).relative_to(FOLDER.parent)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
