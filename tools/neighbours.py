"""Other instrumentations installed beside submeter: our counters count each call once, and the doctor names them.

`make neighbours` makes an environment for each under build/, with the newest releases, and has one program make the
same calls with both switched on. Needs uv; fails when a count is not the provider's or the doctor names nobody.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from submeter import settings

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / "build" / "neighbours"
PROGRAM = Path(__file__).with_name("neighbours_program.py")

NEIGHBOURS: dict[str, tuple[str, ...]] = {
    "official": ("opentelemetry-instrumentation-genai-openai", "opentelemetry-instrumentation-genai-anthropic"),
    "openllmetry": ("opentelemetry-instrumentation-openai", "opentelemetry-instrumentation-anthropic"),
    "openinference": ("openinference-instrumentation-openai", "openinference-instrumentation-anthropic"),
    "logfire": ("logfire",),
    "openlit": ("openlit",),
}
"""Name -> distributions; the program switches on the instrumentors that these bring."""


def python_of(name: str, distributions: tuple[str, ...]) -> Path:
    """The interpreter of the environment `name`, made when it is not there."""
    python = HOME / name / "bin" / "python"
    if not python.exists():
        uv = shutil.which("uv")
        if uv is None:
            raise SystemExit("neighbours need uv; install it, as in: pipx install uv")
        print(f"Making {python.parents[1]}", flush=True)
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, HOME / name], check=True)
        install = [uv, "pip", "install", "--quiet", "--python", python, "-e", ROOT, "openai", "anthropic"]
        subprocess.run([*install, *distributions], check=True)
    return python


def failures(name: str, distributions: tuple[str, ...]) -> list[str]:
    """What is wrong beside this neighbour; prints a line of what was seen."""
    python = python_of(name, distributions)
    environment = {key: value for key, value in settings.inherited().items() if not key.startswith("OTEL_")}
    ran = subprocess.run(
        [python, PROGRAM, name], capture_output=True, text=True, check=False, timeout=300, env=environment
    )
    if ran.returncode:
        return [f"{name}: {ran.stderr.strip()[-600:]}"]
    found = json.loads(ran.stdout.splitlines()[-1])
    doctor = subprocess.run(
        [python, "-m", "submeter", "doctor", "--json"], capture_output=True, text=True, check=False, timeout=300
    )
    named = json.loads(doctor.stdout)["neighbours"]
    print(f"{name:14} {found['versions']}  spans: {found['spans']}  counters: {found['counted']}  doctor: {named}")
    wrong = [f"{name}: the doctor does not name {one}" for one in distributions if not any(one in n for n in named)]
    if found["counted"] != found["expected"]:
        wrong.append(f"{name}: counted {found['counted']}, the provider {found['expected']}")
    if found["spans"].get("submeter") != found["calls"]:
        wrong.append(f"{name}: {found['spans']} for {found['calls']} calls")
    if len(found["spans"]) < 2:  # noqa: PLR2004  (ours and the neighbour's)
        wrong.append(f"{name}: it made no span of its own, so nothing was shown")
    return wrong


def main() -> int:
    """Tries each, and says what is wrong."""
    wrong = [one for name in (sys.argv[1:] or NEIGHBOURS) for one in failures(name, NEIGHBOURS[name])]
    print("\n".join(wrong) if wrong else "each call is counted once beside every one of them")
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
