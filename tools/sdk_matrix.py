"""Every metered SDK, oldest and newest supported release, each in an environment of its own that is thrown away.

    make sdk-matrix                 # every SDK; takes minutes and needs uv
    make sdk-matrix ONLY="groq cohere"

Prints a table as it goes and fails when a case did. Nothing is written into the repository. The releases of openai
and anthropic, which need each other and pins of their own, are `make sdk-releases`.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from submeter.instrumentation import PROVIDERS, Row
from tools.command import ROOT, run

TESTS = ROOT / "tests" / "providers"
ELSEWHERE = frozenset({"anthropic", "openai"})
"""SDKs whose matrix is of another kind, with every dialect of theirs."""

BESIDE = ("httpx", "hypothesis", "pytest", "pytest-asyncio", "pytest-randomly", "pytest-timeout", "pyyaml")
COUNTS = re.compile(r"(\d+) (passed|failed|error|skipped)")


@dataclass(frozen=True)
class Outcome:
    """What came of one release: `version` is what was installed."""

    version: str
    passed: int
    failed: int
    skipped: int
    detail: str = ""


def tests_of(package: str) -> list[Path]:
    """The matrix of an SDK, and what there is of its agents and sessions."""
    own = package.replace(".", "_")
    name = own if (TESTS / f"test_{own}.py").is_file() else PROVIDERS[package].module
    return sorted(TESTS.glob(f"test_{name}*.py"))


def tried(uv: str, package: str, row: Row, *, is_oldest: bool) -> Outcome:
    """Installs one release beside submeter and runs its matrix."""
    folder = Path(tempfile.mkdtemp(prefix=f"sdk-{row.distribution}-"))
    try:
        python = folder / "bin" / "python"
        run(uv, "venv", "--quiet", "--python", sys.executable, folder)
        resolution = ("--resolution", "lowest-direct") if is_oldest else ()
        # The pull of `lowest-direct` is for the SDK alone: what is beside it is installed first, at its newest.
        run(uv, "pip", "install", "--quiet", "--python", python, "-e", ROOT, *BESIDE)
        code, said = run(
            uv, "pip", "install", "--quiet", "--python", python, *resolution, f"{row.distribution}>={row.since}"
        )
        if code:
            return Outcome("", 0, 0, 0, f"cannot be installed: {said.strip().splitlines()[-1] if said else code}")
        _, version = run(python, "-c", f"from importlib.metadata import version; print(version({row.distribution!r}))")
        _, said = run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests_of(package))
        counts = {kind: int(number) for number, kind in COUNTS.findall(said.strip().splitlines()[-1])}
        failed = counts.get("failed", 0) + counts.get("error", 0)
        detail = "" if not failed and counts.get("passed") else said[-2000:]
        return Outcome(version.strip(), counts.get("passed", 0), failed, counts.get("skipped", 0), detail)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Runs what was asked for and prints the table; 1 when a release did not pass."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sdks", nargs="*", help="import names; every one by default")
    known = sorted(PROVIDERS.keys() - ELSEWHERE)
    chosen = parser.parse_args().sdks or known
    unknown = [name for name in chosen if name not in known]
    if unknown:
        parser.error(
            f"not tried here: {', '.join(unknown)}. Known: {', '.join(known)}; make sdk-releases tries the others"
        )
    uv = shutil.which("uv")
    if uv is None:
        parser.error("uv is not on the PATH; install it, in an environment outside of the repository")
    print(
        "| SDK | release | version | passed | failed | skipped | seconds |\n| --- | --- | --- | --- | --- | --- | --- |"
    )
    is_wrong = False
    for package in chosen:
        for is_oldest in (True, False):
            started = time.monotonic()
            one = tried(uv, package, PROVIDERS[package], is_oldest=is_oldest)
            told = (
                PROVIDERS[package].distribution,
                "oldest" if is_oldest else "newest",
                *(one.version, one.passed, one.failed, one.skipped),
                round(time.monotonic() - started),
            )
            print(f"| {' | '.join(map(str, told))} |", flush=True)
            if one.detail:
                is_wrong = True
                print(one.detail, file=sys.stderr, flush=True)
    return int(is_wrong)


if __name__ == "__main__":
    sys.exit(main())
