"""Completion in the shells themselves: commands, options, values, files; each where the shell is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.cli.terminal import running
from tests.server.running import eventually, submeter_command

if TYPE_CHECKING:
    from pathlib import Path

CASES = [
    ("submeter sess", {"session", "sessions"}),
    ("submeter usage --z", {"--zone"}),
    ("submeter completion z", {"zsh"}),
    ("submeter sessions --order re", {"recent"}),
    ("submeter warnings --severity c", {"critical"}),
    ("submeter rules ch", {"check"}),
    ("submeter rules export --prom", {"--prometheus"}),
    ("submeter doctor --cs", set[str]()),
    ("submeter nothing --j", set[str]()),
]
PROMPT = "ready> "


def needs(shell: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not shutil.which(shell), reason=f"{shell} is not installed")


@pytest.fixture(scope="module")
def scripts() -> dict[str, str]:
    found = {shell: submeter_command("completion", shell) for shell in ("bash", "zsh", "fish")}
    assert all((done.returncode, done.stderr) == (0, "") for done in found.values())
    return {shell: done.stdout for shell, done in found.items()}


@needs("bash")
@pytest.mark.parametrize(("line", "offered"), CASES)
def test_bash(scripts: dict[str, str], line: str, offered: set[str]) -> None:
    words = line.split()
    typed = (
        f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _submeter; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    found = subprocess.run(
        ["/usr/bin/env", "bash"],
        input=f"{scripts['bash']}\n{typed}",
        text=True,
        check=False,
        capture_output=True,
        timeout=20,
    )
    assert (found.returncode, found.stderr) == (0, "")
    assert set(found.stdout.split()) == offered


@needs("fish")
@pytest.mark.parametrize(("line", "offered"), CASES)
def test_fish(scripts: dict[str, str], tmp_path: Path, line: str, offered: set[str]) -> None:
    file = tmp_path / "submeter.fish"
    file.write_text(scripts["fish"])
    found = subprocess.run(
        ["/usr/bin/env", "fish", "--no-config", "-c", f"source {file}; complete -C '{line}'"],
        cwd=tmp_path,
        text=True,
        check=False,
        capture_output=True,
        timeout=20,
    )
    assert (found.returncode, found.stderr) == (0, "")
    assert {line.split("\t")[0] for line in found.stdout.splitlines()} == offered


@needs("zsh")
def test_zsh(scripts: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "script").write_text(scripts["zsh"])
    (tmp_path / "backup.tar").touch()
    (tmp_path / ".zshrc").write_text(f"PS1='{PROMPT}'; cd {tmp_path}; source script\n")
    with running(["/usr/bin/env", "zsh", "-i"], ZDOTDIR=str(tmp_path), columns=200) as terminal:
        eventually(lambda: terminal.shown().endswith((PROMPT, "\x1b[K", "\x1b[?2004h")), "the prompt")
        for typed, completed in (
            ("submeter retent", "submeter retention "),
            ("submeter usage --z", "submeter usage --zone "),
            ("submeter completion z", "submeter completion zsh "),
            ("submeter sessions --order rec", "submeter sessions --order recent "),
            ("submeter rules ch", "submeter rules check "),
            ("submeter restore back", "submeter restore backup.tar "),
        ):
            before = len(terminal.shown())
            terminal.press(f"\x07{typed}\t".encode())
            eventually(lambda at=before, line=completed: line in plain(terminal.shown()[at:]), completed)
        terminal.press(b"\x07submeter sess\t\t")
        eventually(lambda: "list sessions, newest first" in terminal.shown(), "what the commands do")
        terminal.press(b"\x07exit\r")
        eventually(lambda: (terminal.shown(), terminal.program.poll())[1] is not None, "the end of the shell")
    assert "not found" not in terminal.shown()


def plain(shown: str) -> str:
    """What was written without escapes; a character that backspaces over another takes its place."""
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\x07", "", shown)
    kept: list[str] = []
    for character in text:
        if character == "\b":
            kept = kept[:-1]
        else:
            kept.append(character)
    return "".join(kept)
