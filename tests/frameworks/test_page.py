"""The page about frameworks says what the registry says."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

from tools.framework_demands import DEMANDS, PROOFS
from tools.frameworks import PAGE, page

from submeter.instrumentation import FRAMEWORKS


def test_the_table_is_up_to_date() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text, "run `python -m tools.frameworks`"


def test_every_framework_has_its_test() -> None:
    folder = Path(__file__).parent
    assert {row.module for row in FRAMEWORKS.values()} <= {path.stem[5:] for path in folder.glob("test_*.py")}


def tried(module: str) -> set[str]:
    """The cases and functions of a framework's test modules."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in Path(__file__).parent.glob(f"test_{module}*.py")]
    found = {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    cases = [
        node.value
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "CASES"
    ]
    keys = [key for made in cases if isinstance(made, ast.Dict) for key in made.keys]
    return found | {str(key.value) for key in keys if isinstance(key, ast.Constant)}


def test_every_demand_of_every_framework_has_a_test_or_a_reason() -> None:
    assert set(PROOFS) == set(FRAMEWORKS)
    for package, proofs in PROOFS.items():
        assert list(proofs) == list(DEMANDS), package
        for proof in proofs.values():
            assert set(proof.tests) <= tried(FRAMEWORKS[package].module), package
            assert proof.tests or proof.note, package


def test_every_module_that_is_patched_is_waited_for() -> None:
    for row in FRAMEWORKS.values():
        framework = importlib.import_module(f"submeter.instrumentation.{row.module}").FRAMEWORK
        assert {source.partition(":")[0] for source in framework.sources()} <= set(row.awaits), row.package
