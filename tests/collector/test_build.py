"""The build: what is built, when it is built again, and what is said where it cannot be."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from collector import build

if TYPE_CHECKING:
    from pathlib import Path


def modules(name: str) -> set[str]:
    """Every component's module in a manifest, with its version."""
    text = (build.FOLDER / f"builder-{name}.yaml").read_text()
    return set(re.findall(r"^  - gomod: (.+)$", text, re.MULTILINE))


@pytest.mark.parametrize("name", build.MANIFESTS)
def test_all_components_are_of_one_release_train(name: str) -> None:
    train: set[str] = set()
    providers: set[str] = set()
    for module in modules(name):
        path, _, version = module.partition(" ")
        (providers if "/confmap/provider/" in path else train).add(version)
    assert train == {f"v{build.train(name)}"}
    assert len(providers) == 1


def test_the_full_collector_can_all_that_the_lean_one_can() -> None:
    assert modules("lean") < modules("full")


def test_without_go_the_answer_names_what_to_do(tmp_path: Path) -> None:
    program = """
import sys
from collector import build
build.binary = lambda manifest: build.Path(sys.argv[1]) / manifest
sys.exit(build.main([]))
"""
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=build.FOLDER.parent,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert "install Go" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.usefixtures("lean")
def test_what_is_built_from_the_same_manifest_is_not_built_again() -> None:
    before = build.binary("lean").stat().st_mtime_ns
    ran = subprocess.run(
        [sys.executable, "-m", "collector.build"], cwd=build.FOLDER.parent, capture_output=True, text=True, check=True
    )
    assert re.fullmatch(r"submeter-collector version [\d.]+: collector/dist/lean/submeter-collector\n", ran.stdout)
    assert build.binary("lean").stat().st_mtime_ns == before
