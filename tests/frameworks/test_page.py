"""The page about frameworks says what the registry says."""

from __future__ import annotations

import importlib
from pathlib import Path

from tools.frameworks import PAGE, page

from submeter.instrumentation import FRAMEWORKS


def test_the_table_is_up_to_date() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text, "run `python -m tools.frameworks`"


def test_every_framework_has_its_test() -> None:
    folder = Path(__file__).parent
    assert {row.module for row in FRAMEWORKS.values()} <= {path.stem[5:] for path in folder.glob("test_*.py")}


def test_every_module_that_is_patched_is_waited_for() -> None:
    for row in FRAMEWORKS.values():
        framework = importlib.import_module(f"submeter.instrumentation.{row.module}").FRAMEWORK
        assert {source.partition(":")[0] for source in framework.sources()} <= set(row.awaits), row.package
