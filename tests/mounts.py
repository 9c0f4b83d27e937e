"""Mounts: disks of a test's own, small enough to fill up."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


def small_disk(place: Path, mebibytes: int) -> Generator[Path]:
    """The folder of a disk of that size beneath `place`, for a fixture to yield from; skips where none can be had."""
    folder = place / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("NOT TESTED: a full disk needs a small tmpfs, and mounting one is not allowed here")
    yield folder
    subprocess.run(["/bin/umount", "-l", str(folder)], check=True)
