"""The rules of the house that no linter knows, over every file that git tracks."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
from tools import provider_table

from submeter import semconv
from submeter.instrumentation import PROVIDERS
from submeter.version import VERSION

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "submeter"
MODULES = sorted(SOURCE.rglob("*.py"))
MOST_LINES = 300
MOST_LINES_OF_A_FUNCTION = 40
FORBIDDEN_NAMES = {"utils", "helpers", "common", "manager", "base", "misc", "handlers"}
BROAD = {"Exception", "BaseException"}


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def texts_of(path: Path) -> list[str]:
    nodes = ast.walk(tree_of(path))
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_is_small_named_by_a_noun_and_says_what_it_is_for(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES
    assert path.stem not in FORBIDDEN_NAMES
    assert ast.get_docstring(tree_of(path))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_function_is_short(path: Path) -> None:
    long = [
        f"{node.name}: {(node.end_lineno or 0) - node.lineno + 1} lines"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 - _docstring_lines(node) > MOST_LINES_OF_A_FUNCTION
    ]
    assert long == []


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return (first.end_lineno or 0) - first.lineno + 1 if is_docstring else 0


def test_there_is_one_broad_except_and_it_is_the_guard() -> None:
    swallowing = [
        name_of(path)
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in BROAD))
        and not _raises(node)
    ]
    assert set(swallowing) <= {"core/guard.py"}


def _raises(handler: ast.ExceptHandler) -> bool:
    """Whether what is caught goes on: raised again at once, or thrown into the generator it was meant for."""
    said = ast.unparse(handler)
    return any(isinstance(node, ast.Raise) for node in ast.walk(handler)) or ".throw" in said or ".athrow" in said


def test_the_environment_is_read_in_one_place() -> None:
    readers = [
        name_of(path) for path in MODULES if re.search(r"os\.(environ|getenv)", path.read_text(encoding="utf-8"))
    ]
    assert readers == ["settings.py"]


def test_names_on_the_wire_stand_in_one_place() -> None:
    named = {
        name_of(path)
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"gen_ai\.[a-z_.]+", node.value)
    }
    # The dialects of other instrumentations are theirs, and stand in one table.
    assert named <= {"semconv.py", "store/dialects.py"}
    values = [value for name, value in vars(semconv).items() if name.isupper() and isinstance(value, str)]
    assert any(value.startswith("gen_ai.usage.") for value in values)


def test_sql_stands_in_sql_files() -> None:
    statement = re.compile(r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|CREATE\s+TABLE)\s", re.DOTALL)
    found = {name_of(path) for path in MODULES for text in texts_of(path) if statement.search(text)}
    assert found == set()


def test_every_provider_has_its_module_and_its_line_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for package, row in PROVIDERS.items():
        assert (SOURCE / "instrumentation" / f"{row.module}.py").is_file(), package
        assert f"| `{row.distribution}` | {row.since} |" in readme


def test_every_setting_is_documented() -> None:
    described = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    source = "\n".join(path.read_text(encoding="utf-8") for path in MODULES)
    asked = set(re.findall(r'"((?:SUBMETER|OTEL_INSTRUMENTATION_GENAI)[A-Z_]*)"', source))
    assert {name for name in asked if f"`{name}`" not in described} == set()


def test_the_version_is_said_once() -> None:
    assert f'version = "{VERSION}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_no_file_names_a_registry_or_a_place_on_a_machine() -> None:
    listed = subprocess.run(["/usr/bin/env", "git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    hosts = r"files\.pythonhosted|pypi\b|registry\.npmjs"
    forbidden = re.compile(rf"(({hosts})\.org|/(home/[a-z]+|root|work/main)/)".encode())
    names = [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    guilty = [name for name in names if forbidden.search((ROOT / name).read_bytes())]
    assert guilty == []


def test_the_tables_of_sdks_are_written_from_the_rows() -> None:
    for file in provider_table.FILES:
        text = file.read_text(encoding="utf-8")
        assert provider_table.written(text) == text, "run `make provider-tables`"


_COUNTED = re.compile(r" (?:made-up |more )?(?:call|row|session|user|day|turn|function)(?:s\b|$)(?! are too many)")


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_what_is_counted_may_be_one(path: Path) -> None:
    """`1 calls` is nothing to say: a number and its noun are put together in `plural.py`, constants aside."""
    found: list[str] = []
    for node in ast.walk(tree_of(path)):
        parts = node.values if isinstance(node, ast.JoinedStr) else []
        for before, number, after in zip([None, *parts], parts, parts[1:], strict=False):
            is_many = isinstance(before, ast.Constant) and str(before.value).endswith(("more than ", "at most "))
            if is_many or not isinstance(number, ast.FormattedValue) or not isinstance(after, ast.Constant):
                continue
            if _COUNTED.match(str(after.value)) and not _is_constant(number.value):
                found.append(ast.unparse(node))
    assert found == [] or path.name == "plural.py"


def _is_constant(number: ast.expr) -> bool:
    return all(name.id.isupper() for name in ast.walk(number) if isinstance(name, ast.Name))
