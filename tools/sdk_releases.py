"""Runs the tests of the first two SDKs with older releases of them, each pair in an environment of its own.

`make sdk-releases` makes the environments under build/, once, and runs tests/instrumentation in each. What a release
has not got is skipped; everything else must be as it is with the newest one, which `make test` runs.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from submeter import settings

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / "build" / "sdk-releases"

RELEASES: dict[str, tuple[str, ...]] = {
    # The oldest that README promises; openai up to 1.55 needs an httpx that still knows proxies by their old name.
    "oldest": ("openai==1.26.0", "anthropic==0.51.0", "httpx<0.28"),
    "middle": ("openai==1.109.1", "anthropic==0.75.0"),
    # The last on httpx, before openai 3 and anthropic 2 moved to httpx2.
    "before-httpx2": ("openai==2.8.0", "anthropic==0.86.0"),
}
TESTS = (
    "pytest",
    "pytest-asyncio",
    "pytest-randomly",
    "pytest-timeout",
    "hypothesis",
    "websockets",
    "opentelemetry-exporter-otlp-proto-grpc",
)


def python_of(name: str, requirements: tuple[str, ...]) -> Path:
    """The interpreter of the environment `name`, made when it is not there."""
    python = HOME / name / "bin" / "python"
    if not python.exists():
        print(f"Making {python.parents[1]}: {' '.join(requirements)}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", HOME / name], check=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "-e", ROOT, *requirements, *TESTS], check=True)
    return python


def main() -> int:
    """Runs the tests with each, and says which failed."""
    failed: list[str] = []
    chosen = sys.argv[1:] or list(RELEASES)
    for name in chosen:
        print(f"== {name}: {', '.join(RELEASES[name])}", flush=True)
        python = python_of(name, RELEASES[name])
        environment = {**settings.inherited(), "SUBMETER_TEST_OLD_SDKS": "1", "PYTHONPATH": f"{ROOT / 'tests'}:{ROOT}"}
        # How many methods it has, for docs/coverage.md.
        subprocess.run([python, ROOT / "tests" / "coverage_page.py", "releases"], cwd=ROOT, env=environment, check=True)
        command = [python, "-m", "pytest", "-q", "tests/instrumentation"]
        done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
        if done.returncode:
            failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else f"{len(chosen)} releases pass")
    return bool(failed)


if __name__ == "__main__":
    raise SystemExit(main())
