"""`make demo`: two chat programs metered end to end on this machine, and every count checked.

Starts a stand-in provider and a submeter server on free loopback ports, runs `chat_app.py` and `plain_app.py`
with metering on, shows what the command line knows about them, and compares the store with what the stand-in
says it sent. Needs no key and no network; ends by itself and ends only what it started. Where OPENAI_API_KEY or
ANTHROPIC_API_KEY is set, the programs talk to that provider itself (below 0.05 USD a run); `--standin` prevents it.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import time
import zlib
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

try:
    from processes import (
        DemoError,
        Server,
        ask,
        command_line,
        has_start_file,
        metered,
        missing_packages,
        run_program,
        show,
    )
    from standin import StandIn

    from submeter import settings
except ModuleNotFoundError as missing:
    sys.exit(f"demo: {missing.name} is not installed here; run `make demo`, or pip install -e '.[server]' first")

if TYPE_CHECKING:
    from collections.abc import Generator

STEPS = 6
AGREE_TIMEOUT_S = 15
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY")


class Steps:
    """Numbered progress: a line when a step begins, its time when the next one does."""

    def __init__(self) -> None:
        self._number = 0
        self._began = self._started = time.monotonic()

    def begin(self, what: str) -> None:
        """Begins the next step."""
        self._number += 1
        self._began = time.monotonic()
        print(f"\n[{self._number}/{STEPS}] {what}", flush=True)

    def done(self, what: str) -> None:
        """Ends the step with what came out of it, and how long it took."""
        print(f"      {what} ({time.monotonic() - self._began:.1f} s)", flush=True)

    @property
    def elapsed_s(self) -> float:
        """Since the first step, in seconds."""
        return time.monotonic() - self._started


def main() -> int:
    """Runs the demo; 0 when every count agrees, 1 when not or when something is missing, 130 when interrupted."""
    parser = argparse.ArgumentParser(prog="demo.py", description=__doc__.partition("\n\n")[0] if __doc__ else None)
    parser.add_argument("--data", metavar="DIR", help="data folder (default: the demo's own, kept between runs)")
    parser.add_argument("--keep", action="store_true", help="leave the server running until Ctrl-C")
    parser.add_argument("--standin", action="store_true", help="talk to the stand-in even where keys are set")
    chosen = parser.parse_args()
    folder = Path(chosen.data).expanduser() if chosen.data else _own_folder()
    signal.signal(signal.SIGTERM, _terminated)
    # Also where whoever started us had it ignored, as a shell does for what it runs in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return _demo(folder.resolve(), is_forced=chosen.standin, keep=chosen.keep)
    except DemoError as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted, everything it started has ended", file=sys.stderr)
        return 130


def _own_folder() -> Path:
    """The demo's data folder, one for each schema of the store: demo data is not worth a migration."""
    from submeter.store import sql  # noqa: PLC0415  (after the check that the server extra is there)

    schema = "".join(file.text for file in sql.schema())
    return Path(settings.data_home()) / f"demo-{zlib.crc32(schema.encode()):08x}"


def _terminated(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _demo(folder: Path, *, is_forced: bool, keep: bool) -> int:
    if missing := missing_packages():
        raise DemoError(f"not installed here: {', '.join(missing)}; run `make demo`, or pip install them")
    steps = Steps()
    since = datetime.now(UTC)
    run = format(int(since.timestamp()), "x")
    real = [] if is_forced else [key for key in KEYS if settings.variable(key)]
    with _provider(steps, real) as standin, _server(steps, folder) as server:
        _run_programs(steps, server, _told_where(standin, real), run)
        _show_answers(steps, server, run, since)
        agrees = _compare(steps, server, standin, since, has_real=bool(real))
        _show_more(steps, folder, server if keep else None)
        if keep:
            with contextlib.suppress(KeyboardInterrupt):
                server.wait()
    return 0 if agrees else 1


@contextlib.contextmanager
def _provider(steps: Steps, real: list[str]) -> Generator[StandIn]:
    steps.begin("A provider to talk to")
    with StandIn() as standin:
        standin.script("status=429", path="/chat/completions", contains="refund")
        named = {"OPENAI_API_KEY": "OpenAI", "ANTHROPIC_API_KEY": "Anthropic"}
        stood_in = " and ".join(name for key, name in named.items() if key not in real)
        told = [f"{' and '.join(named[key] for key in real)} itself, with your key"] if real else []
        if stood_in:
            told.append(f"stand-in for {stood_in} on {standin.url}; it keeps a ledger of what it sends")
        steps.done("; ".join(told))
        yield standin


def _told_where(standin: StandIn, real: list[str]) -> dict[str, str]:
    """The variables that make the SDKs talk to the stand-in, but for the providers that are real."""
    makers = {key.partition("_")[0] for key in real}
    return {name: value for name, value in standin.environment().items() if name.partition("_")[0] not in makers}


@contextlib.contextmanager
def _server(steps: Steps, folder: Path) -> Generator[Server]:
    steps.begin("submeter up: receiver, store, evaluator and page in one process")
    with Server(folder) as server:
        steps.done(f"{server.url}, data in {folder}")
        yield server


def _run_programs(steps: Steps, server: Server, where: dict[str, str], run: str) -> None:
    steps.begin("Two chat programs, metered by SUBMETER=1 alone" if has_start_file() else "Two chat programs, metered")
    extra = {**where, "SUBMETER": "1", "OTEL_EXPORTER_OTLP_ENDPOINT": server.url}
    for script, arguments in (("chat_app.py", ["--run", run]), ("plain_app.py", [])):
        command = [*metered(script), *arguments]
        print(f"      $ SUBMETER=1 python examples/{script}", flush=True)
        run_program(command, {**extra, "OTEL_SERVICE_NAME": script.removesuffix(".py")}, _indented)
    steps.done("both have ended, their telemetry is delivered")


def _indented(line: str) -> None:
    print(f"      | {line}", flush=True)


def _show_answers(steps: Steps, server: Server, run: str, since: datetime) -> None:
    steps.begin("What the command line knows about them")
    _wait_until_stored(server, since)
    period = ("--since", f"{since:%Y-%m-%dT%H:%M:%SZ}")
    for arguments in (("sessions", *period), ("session", f"chat-ben-{run}"), ("warnings", *period)):
        print(f"\n$ submeter {' '.join(arguments)}", flush=True)
        show(server.folder, *arguments)
    print()
    steps.done("tokens, cost and warnings, by session")


def _wait_until_stored(server: Server, since: datetime) -> None:
    """Waits until nothing more arrives: what is acknowledged is safe, but written a moment later."""
    until = time.monotonic() + AGREE_TIMEOUT_S
    known = -1
    while time.monotonic() < until:
        calls = ask(server.url, "summary", {"since": since.isoformat()})["totals"]["calls"]
        if calls and calls == known:
            return
        known = calls
        time.sleep(0.3)


def _compare(steps: Steps, server: Server, standin: StandIn, since: datetime, *, has_real: bool) -> bool:
    steps.begin("The store against the provider's own ledger")
    stored, sent = _stored_by_model(server, since), _sent_by_model(standin)
    if has_real:
        # A real provider shows no ledger; what the stand-in sent is still compared.
        stored = {model: counts for model, counts in stored.items() if model in sent}
        if not sent:
            steps.done("real providers show no ledger; their dashboards do, a few hours later")
            return True
    differing = [model for model in sorted(stored.keys() | sent.keys()) if stored.get(model) != sent.get(model)]
    if not sent:
        raise DemoError("the stand-in was never asked: the programs talked to somebody else")
    for model in differing:
        print(f"      {model}: stored {_told(stored.get(model))}, sent {_told(sent.get(model))}", file=sys.stderr)
    if differing:
        steps.done(f"DIFFERENT for {len(differing)} of {len(sent)} models")
        return False
    calls, inputs, outputs = (sum(column) for column in zip(*sent.values(), strict=True))
    refused = sum(entry.status != 200 for entry in standin.ledger)
    steps.done(
        f"{calls} calls, {inputs + outputs:,} tokens: equal, for each of {len(sent)} models; "
        f"{refused} refused requests cost nothing"
    )
    return True


Counts = tuple[int, int, int]


def _stored_by_model(server: Server, since: datetime) -> dict[str, Counts]:
    rows = ask(server.url, "usage", {"by": "model", "since": since.isoformat()})["usage"]
    return {
        row["key"]: (row["calls"] - row["errors"], row["input_tokens"] or 0, row["output_tokens"] or 0)
        for row in rows
        if row["calls"] > row["errors"]
    }


def _sent_by_model(standin: StandIn) -> dict[str, Counts]:
    counts: dict[str, Counts] = defaultdict(lambda: (0, 0, 0))
    for entry in standin.ledger:
        if entry.billed is not None:
            calls, inputs, outputs = counts[entry.model]
            counts[entry.model] = (
                calls + 1,
                inputs + (entry.input_tokens or 0),
                outputs + (entry.output_tokens or 0),
            )
    return dict(counts)


def _told(counts: Counts | None) -> str:
    return "{} calls, {:,} in, {:,} out".format(*counts) if counts else "nothing"


def _show_more(steps: Steps, folder: Path, kept: Server | None) -> None:
    steps.begin("Look further")
    submeter = command_line()
    for command in ("sessions", "usage --by user", "usage --by operation", "summary"):
        print(f"      {submeter} {command} --data {folder}")
    print(f"      your own app: `{submeter} up` in one terminal, `SUBMETER=1 python app.py` in another")
    if kept is None:
        steps.done(f"done in {steps.elapsed_s:.0f} s; the server has ended, `make demo` starts another run")
    else:
        print(f"      page and REST: {kept.url}")
        print(f"      your own app into this one: SUBMETER=1 OTEL_EXPORTER_OTLP_ENDPOINT={kept.url} python app.py")
        print("      the server runs until Ctrl-C", flush=True)


if __name__ == "__main__":
    sys.exit(main())
