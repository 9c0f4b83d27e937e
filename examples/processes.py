"""What the demo starts and ends: the submeter server, the example programs, the command line."""

from __future__ import annotations

import http
import http.client
import importlib.metadata
import importlib.util
import json
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlencode

from submeter import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

EXAMPLES = Path(__file__).resolve().parent
START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 15
ANSWER_TIMEOUT_S = 30
_LAST_LINES = 15


class DemoError(Exception):
    """The demo cannot go on; the message says why and what to do."""


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The environment for a child: ours without telemetry settings, loopback reached without a proxy, and `extra`."""
    own = {name: value for name, value in settings.inherited().items() if not name.startswith(("OTEL_", "SUBMETER"))}
    known = own.get("NO_PROXY") or own.get("no_proxy") or ""
    direct = ",".join(filter(None, (known, "127.0.0.1", "localhost")))
    return {**own, "NO_PROXY": direct, "no_proxy": direct, "PYTHONUNBUFFERED": "1", **extra}


class Server:
    """`submeter up` as a child process on free loopback ports; stopped on leaving the `with` block.

    Args:
        folder: its data folder, made if need be.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        self._lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Starts it and waits until it listens.

        Raises:
            DemoError: it ended or did not listen in time; its last lines are in the message.
        """
        ports = ("--host", "127.0.0.1", "--port", "0", "--grpc-port", "0")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "submeter", "up", *ports, "--data", str(self.folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment({}),
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        try:
            self.url = self._listening(self._process)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _read(self, process: subprocess.Popen[str]) -> None:
        if process.stdout is not None:
            with process.stdout as lines:
                self._lines.extend(line.rstrip() for line in lines)

    def _listening(self, process: subprocess.Popen[str]) -> str:
        until = time.monotonic() + START_TIMEOUT_S
        while process.poll() is None and time.monotonic() < until:
            url = self._announced(process.pid)
            if url:
                return url
            time.sleep(0.05)
        time.sleep(0.2)
        reason = "ended at once" if process.poll() is not None else f"did not listen within {START_TIMEOUT_S} s"
        said = "\n".join(f"    {line}" for line in self._lines) or "    (it said nothing)"
        raise DemoError(f"the submeter server {reason}; its last lines:\n{said}")

    def _announced(self, pid: int) -> str:
        """The address that this very process has announced; an older process's file does not count."""
        try:
            presence: Any = json.loads((self.folder / "server.json").read_text("utf-8"))
        except (OSError, ValueError):
            return ""
        return str(presence["url"]) if presence.get("pid") == pid else ""

    def __exit__(self, *_: object) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._reader is not None:
            self._reader.join()

    def wait(self) -> None:
        """Blocks until the server ends."""
        if self._process is not None:
            self._process.wait()


def metered(script: str) -> list[str]:
    """The command that runs an example metered: plain Python where the start file is installed."""
    path = str(EXAMPLES / script)
    return [sys.executable, path] if has_start_file() else [sys.executable, "-m", "submeter", "run", path]


def command_line() -> str:
    """How the user starts submeter from here."""
    installed = Path(sys.executable).with_name("submeter")
    if shutil.which("submeter") == str(installed):
        return "submeter"
    command = str(installed) if installed.exists() else f"{sys.executable} -m submeter"
    return command.removeprefix(f"{Path.cwd()}/")


def has_start_file() -> bool:
    """Whether `SUBMETER=1` alone is enough here; a source tree on the path has no start file."""
    try:
        files = importlib.metadata.files("submeter") or []
    except importlib.metadata.PackageNotFoundError:
        return False
    return any(file.name == "submeter.pth" for file in files)


def run_program(command: list[str], extra: Mapping[str, str], show: Callable[[str], None]) -> None:
    """Runs an example to its end, handing every line it prints to `show`.

    Raises:
        DemoError: it failed.
    """
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment(extra)
    ) as program:
        try:
            for line in program.stdout or ():
                show(line.rstrip())
        except BaseException:
            program.terminate()
            raise
    if program.returncode:
        raise DemoError(f"{Path(command[-1]).name} ended with exit code {program.returncode}; see its lines above")


def ask(url: str, question: str, parameters: Mapping[str, str]) -> Any:
    """The answer of the server at `url` to a question, as plain data.

    Raises:
        DemoError: it does not answer.
    """
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=ANSWER_TIMEOUT_S)
    try:
        connection.request("GET", f"/api/v1/{question}?{urlencode(parameters)}")
        answer = connection.getresponse()
        body = answer.read().decode()
    except OSError as error:
        raise DemoError(f"the submeter server at {url} does not answer: {error}") from error
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise DemoError(f"the submeter server answered {question} with {answer.status}: {body}")
    return json.loads(body)


def show(folder: Path, *arguments: str) -> None:
    """Runs a submeter command whose output the user sees.

    Raises:
        DemoError: the command failed; it has said why.
    """
    command = [sys.executable, "-m", "submeter", *arguments, "--data", str(folder)]
    ran = subprocess.run(command, env=environment({}), check=False)
    if ran.returncode:
        raise DemoError(f"`submeter {' '.join(arguments)}` ended with exit code {ran.returncode}")


def missing_packages() -> list[str]:
    """What the demo needs and this environment lacks, as pip names it."""
    needed = {"openai": "openai", "anthropic": "anthropic", "chdb": "submeter[server]", "uvicorn": "submeter[server]"}
    return sorted({name for module, name in needed.items() if importlib.util.find_spec(module) is None})
