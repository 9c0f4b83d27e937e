"""Programs of an application's own, run as their users run them, where submeter may be switched on."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from submeter import settings

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

ROOT = Path(settings.__file__).parents[2]

FAKE = """
import json, os, sys
def report(**found):
    print(json.dumps(found))
def answer():
    import httpx2, openai
    body = {"id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4o", "choices": [],
            "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}}
    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, json=body))
    http_client = httpx2.Client(transport=transport)
    client = openai.OpenAI(api_key="k", base_url="https://llm.example/v1", http_client=http_client)
    return client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "x"}])
"""
"""What every program here starts with: a client of a provider that is not there, and a way to say what was found."""


def run(
    folder: Path, program: str, *command: str, is_on: bool = True, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs `program` in a fresh interpreter that reads the start file, as a script unless told how."""
    arguments, environment = _prepared(folder, program, command, is_on=is_on, variables=variables)
    return subprocess.run(
        arguments, capture_output=True, text=True, check=False, timeout=60, cwd=folder, env=environment
    )


@contextmanager
def started(
    folder: Path, program: str, *, variables: Mapping[str, str] | None = None
) -> Generator[subprocess.Popen[str]]:
    """`program` while it runs, submeter switched on; whatever is left of it in the end is stopped."""
    arguments, environment = _prepared(folder, program, (), is_on=True, variables=variables)
    process = subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, env=environment
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=60)


def _prepared(
    folder: Path, program: str, command: tuple[str, ...], *, is_on: bool, variables: Mapping[str, str] | None
) -> tuple[list[str], dict[str, str]]:
    site = folder / "site"
    site.mkdir(exist_ok=True)
    (site / "submeter.pth").write_text((ROOT / "src" / "submeter.pth").read_text(encoding="utf-8"), encoding="utf-8")
    # As the interpreter's own start does with site-packages.
    (site / "sitecustomize.py").write_text(f"import site; site.addsitedir({str(site)!r})\n", encoding="utf-8")
    script = folder / "app.py"
    script.write_text(FAKE + program, encoding="utf-8")
    environment = {
        name: value
        for name, value in settings.inherited().items()
        if not name.startswith(("SUBMETER", "OTEL", "PYTHON"))
    }
    environment |= {"PYTHONPATH": f"{site}:{ROOT / 'src'}", "SUBMETER_STRICT": ""}
    environment |= {"SUBMETER": "1"} if is_on else {}
    return [sys.executable, *(command or (str(script),))], {**environment, **(variables or {})}


def found(done: subprocess.CompletedProcess[str]) -> Any:
    """What the program reported, in its last line."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
