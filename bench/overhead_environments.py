"""Throw-away environments, one for every set of packages that is measured, under `build/` and kept between runs."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from typing import TYPE_CHECKING

from overhead_variants import ROOT, SDKS

if TYPE_CHECKING:
    from pathlib import Path

    from overhead_variants import Variant

_HOME = ROOT / "build" / "overhead"


def python_of(variant: Variant) -> Path:
    """The interpreter of the variant's environment, which is made and filled at the first need.

    Raises:
        subprocess.CalledProcessError: its packages cannot be installed.
    """
    wanted = (*variant.sdks, *variant.packages)
    folder = _HOME / (variant.name if variant.packages or variant.sdks != SDKS else "plain")
    mark = folder / "packages.txt"
    stamp = hashlib.sha256("\n".join((sys.version, *wanted)).encode()).hexdigest()
    if not mark.is_file() or mark.read_text() != stamp:
        print(f"installing {', '.join(wanted)} ...", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        install = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, *wanted], check=True)
        mark.write_text(stamp)
    return folder / "bin" / "python"


def versions(python: Path) -> dict[str, str]:
    """What is installed there, by name."""
    told = subprocess.run([python, "-m", "pip", "freeze"], check=True, capture_output=True, text=True).stdout
    return dict(line.split("==", 1) for line in told.splitlines() if "==" in line)
