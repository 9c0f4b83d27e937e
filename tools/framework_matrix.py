"""Every framework that is listened to, oldest and newest supported release, each in an environment of its own.

    make test-frameworks                       # every one; an hour's first quarter goes into downloads
    make test-frameworks ONLY="dspy crewai"    # some
    make test-frameworks AGE=newest            # their newest release only

The environments are kept under build/frameworks; uv makes them where it is on the PATH, else pip. Prints a table as it
goes, and fails when a case did.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import time
import venv
from typing import TYPE_CHECKING, NamedTuple

from submeter.instrumentation import FRAMEWORKS
from tools.command import ROOT, run

if TYPE_CHECKING:
    from pathlib import Path

HOME = ROOT / "build" / "frameworks"
BESIDE = ("hypothesis", "opentelemetry-exporter-otlp-proto-http", "pytest", "pytest-asyncio", "pytest-timeout")
COUNTS = re.compile(r"(\d+) (passed|failed|error|skipped)")

NEWEST: dict[str, tuple[str, ...]] = {
    "agents": ("openai-agents", "openinference-instrumentation-openai-agents"),
    "agno": ("agno", "openai", "openinference-instrumentation-agno"),
    "claude_agent_sdk": ("claude-agent-sdk",),
    "crewai": ("crewai", "openinference-instrumentation-crewai"),
    "dspy": ("dspy", "openinference-instrumentation-dspy"),
    "haystack": ("haystack-ai", "opentelemetry-haystack", "openinference-instrumentation-haystack"),
    "langchain_core": (
        "langchain",
        "langchain-openai",
        "langgraph",
        "openinference-instrumentation-langchain",
        "openinference-instrumentation-openai",
    ),
    "llama_index": (
        "llama-index-core",
        "llama-index-llms-openai",
        "llama-index-embeddings-openai",
        "openinference-instrumentation-llama-index",
    ),
    "pydantic_ai": ("pydantic-ai-slim[openai,anthropic]",),
    "smolagents": ("smolagents[openai]", "openinference-instrumentation-smolagents"),
}
"""What to install for the newest release of a framework, by its import name."""

OLDEST: dict[str, tuple[str, ...]] = {
    "agents": ("openai-agents==0.2.0", "openai<1.97"),
    "agno": ("agno==2.0.0", "openai"),
    "claude_agent_sdk": ("claude-agent-sdk==0.1.40",),
    "crewai": ("crewai==1.0.0",),
    "dspy": ("dspy==3.0.0",),
    "haystack": ("haystack-ai==2.18.0", "openai<2", "opentelemetry-sdk"),
    "langchain_core": ("langchain-core<0.4", "langchain<0.4", "langchain-openai<0.4", "langgraph<0.7"),
    "llama_index": ("llama-index-core==0.13.0", "llama-index-llms-openai<0.6", "llama-index-embeddings-openai<0.6"),
    "pydantic_ai": ("pydantic-ai-slim[openai,anthropic]==1.90.0", "openai<3", "anthropic<1"),
    "smolagents": ("smolagents[openai]==1.20.0",),
}
"""The same for the oldest release that its row supports, with the SDK of its day where it needs that."""


class Outcome(NamedTuple):
    """What came of one release."""

    version: str
    counts: dict[str, int]
    said: str

    @property
    def is_right(self) -> bool:
        """Whether every case that ran passed, and some did."""
        return bool(self.counts.get("passed")) and not self.counts.get("failed") and not self.counts.get("error")


def python_of(package: str, age: str, wanted: tuple[str, ...]) -> Path:
    """The interpreter of an environment that has `wanted`.

    Raises:
        RuntimeError: they cannot be installed.
    """
    folder = HOME / f"{package}-{age}"
    python, mark = folder / "bin" / "python", folder / "packages.txt"
    if mark.is_file() and mark.read_text(encoding="utf-8") == "\n".join(wanted):
        return python
    print(f"installing {', '.join(wanted)} ...", file=sys.stderr)
    uv = shutil.which("uv")
    venv.create(folder, with_pip=uv is None, clear=True)
    installer = (uv, "pip", "install", "--quiet", "--python", python) if uv else (python, "-m", "pip", "install", "-q")
    code, said = run(*installer, "-e", ROOT, *wanted, *BESIDE)
    if code:
        raise RuntimeError(said[-1500:])
    mark.write_text("\n".join(wanted), encoding="utf-8")
    return python


def tried(package: str, age: str) -> Outcome:
    """Installs one release beside submeter and runs its cases."""
    row = FRAMEWORKS[package]
    try:
        python = python_of(package, age, (NEWEST if age == "newest" else OLDEST)[package])
    except RuntimeError as error:
        return Outcome("", {}, str(error))
    _, version = run(python, "-c", f"from importlib.metadata import version; print(version({row.distribution!r}))")
    # What frameworks warn of, and the clients that they leave open at the end, is theirs.
    options = ("-q", "-W", "ignore", "-p", "no:cacheprovider")
    cases = sorted((ROOT / "tests" / "frameworks").glob(f"test_{row.module}*.py"))
    _, said = run(python, "-m", "pytest", *options, *cases)
    counts = {kind: int(number) for number, kind in COUNTS.findall((said.strip().splitlines() or [""])[-1])}
    return Outcome(version.strip(), counts, said[-3000:])


def main() -> int:
    """Runs what was asked for and prints the table; 1 when a release did not pass."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("frameworks", nargs="*", metavar="framework", help="import names; every one by default")
    parser.add_argument("--age", choices=("oldest", "newest", "both"), default="both")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.frameworks if name not in FRAMEWORKS]
    if unknown:
        parser.error(f"no such framework: {', '.join(unknown)}. Known: {', '.join(sorted(FRAMEWORKS))}")
    ages = ("oldest", "newest") if arguments.age == "both" else (arguments.age,)
    print("| framework | release | version | passed | failed | skipped | seconds |")
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    is_wrong = False
    for package in arguments.frameworks or sorted(FRAMEWORKS):
        for age in ages:
            started = time.monotonic()
            one = tried(package, age)
            failed = one.counts.get("failed", 0) + one.counts.get("error", 0)
            told = (one.version, one.counts.get("passed", 0), failed, one.counts.get("skipped", 0))
            seconds = round(time.monotonic() - started)
            print(f"| {' | '.join(map(str, (FRAMEWORKS[package].distribution, age, *told, seconds)))} |", flush=True)
            if not one.is_right:
                is_wrong = True
                print(one.said, file=sys.stderr, flush=True)
    return int(is_wrong)


if __name__ == "__main__":
    sys.exit(main())
