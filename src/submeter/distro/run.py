"""Run: `submeter run program ...`, for those who would rather not have a start file do it."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from submeter import settings
from submeter.distro import configure


class RunError(Exception):
    """The program cannot be run; the message says what to do."""


def run(argv: list[str]) -> None:
    """Runs a script, or `-m module`, or `-c code`, in this interpreter with metering on, children included.

    Raises:
        RunError: there is no such program.
    """
    if argv[:1] == ["--"]:
        argv = argv[1:]
    if argv[:1] in (["python"], ["python3"], [sys.executable]):
        argv = argv[1:]
    if not argv:
        raise RunError("nothing to run: give a script, as in `submeter run app.py`, or `-m module`")
    settings.set_variable("SUBMETER", "1")
    configure.instrument()
    first, rest = argv[0], argv[1:]
    if first in ("-m", "-c"):
        if not rest:
            raise RunError(f"`{first}` needs {'a module name' if first == '-m' else 'code'} after it")
        sys.path.insert(0, "")
        if first == "-m":
            sys.argv = rest
            runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        else:
            sys.argv = ["-c", *rest[1:]]
            exec(compile(rest[0], "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102  (that is the command)
        return
    script = Path(first)
    if not script.is_file():
        raise RunError(f"no such script: {first}. Give a path to a Python file, or `-m module`")
    sys.argv = argv
    sys.path.insert(0, str(script.resolve().parent))
    runpy.run_path(first, run_name="__main__")
