"""The command line `submeter`: one module per group of commands, each loaded only when it is asked for.

Exit codes: 0 all is well, 1 something is wrong (one line on stderr says what and what to do), 2 the command
has to be written otherwise, 130 interrupted.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, Final, NoReturn

from submeter.cli.failure import CommandError
from submeter.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

OK: Final = 0
ERROR: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130

_COMMANDS: Final = {
    "up": ("submeter.cli.serving", "start the receiver, the store, the evaluator and the page on this machine"),
    "evaluate": ("submeter.cli.evaluating", "run one of several evaluators behind a collector"),
    "run": ("submeter.cli.running", "run a Python program with metering on"),
    "doctor": ("submeter.cli.diagnosis", "show what is metered here, what is not, and why"),
    "sessions": ("submeter.cli.sessions", "list sessions, newest first"),
    "session": ("submeter.cli.session", "show one session: its totals, its calls as a tree, its warnings"),
    "usage": ("submeter.cli.usage", "sum tokens and cost by user, model, operation, day, ..."),
    "warnings": ("submeter.cli.warnings", "list warnings, newest first"),
    "rules": ("submeter.cli.rules", "check, test, explain and export the rules that warn"),
    "summary": ("submeter.cli.summary", "show totals and a line per day"),
    "cost": ("submeter.cli.costs", "show what a call and a token cost, and where money could be saved"),
    "forecast": ("submeter.cli.forecast", "show what the coming days and the month will cost"),
    "evaluations": ("submeter.cli.evaluations", "list how answers were scored, beside what they cost"),
    "top": ("submeter.cli.top", "watch what is going on now"),
    "models": ("submeter.cli.models", "list the models in use and their prices"),
    "prices": ("submeter.cli.prices", "search the price table, or recompute the cost of stored calls"),
    "limits": ("submeter.cli.limits", "list the limits that the running server watches"),
    "export": ("submeter.cli.export", "write calls, sessions or warnings to a file"),
    "purge": ("submeter.cli.purge", "erase a user, a session or what is old, for good"),
    "retention": ("submeter.cli.retention", "show or set for how many days rows are kept"),
    "backup": ("submeter.cli.backup", "copy the store into one file, also while it is in use"),
    "restore": ("submeter.cli.restore", "make a store out of a backup"),
    "schema": ("submeter.cli.schema", "print the SQL that makes the tables, for one server or a cluster"),
    "demo": ("submeter.cli.demo", "store made-up calls to look around with"),
    "token": ("submeter.cli.tokens", "make a token for a reader, a writer or an admin"),
    "completion": ("submeter.cli.completion", "print a shell's completion script"),
    "dashboards": ("submeter.cli.dashboards", "export the dashboards and provisioning for Grafana"),
}
"""Every command: the module that adds its options and runs it, and its line in the help."""

_OWN: Final = ("-h", "--help", "--version")
"""What stands in the place of a command."""

_BARRED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})
"""Errors of the system that are of the place that a command was given, and no fault of ours."""

_EPILOG: Final = """\
exit codes: 0 ok, 1 error (one line on stderr), 2 command to be written otherwise
start here: run `submeter up` in one terminal and your app with SUBMETER=1 in another, then `submeter sessions`
"""


class _Parser(argparse.ArgumentParser):
    """argparse, with its errors in one line."""

    def error(self, message: str) -> NoReturn:
        if message.endswith("expected one argument"):
            message += ", and one that begins with a dash stands behind `=`"
        sys.stderr.write(f"submeter: {message}; see `{self.prog} --help`\n")
        sys.exit(USAGE)


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help with the longest command and most options beside what they do."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28)

    def add_argument(self, action: argparse.Action) -> None:
        """Adds an argument, with the room for names that commands need: argparse leaves out their indentation."""
        super().add_argument(action)
        if action.dest == "command":
            self._action_max_length = max(map(len, _COMMANDS)) + 4


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["run"]:
        return _run_program(arguments[1:])
    if arguments[:1] == ["help"]:
        arguments = [*arguments[1:2], "--help"]
    _have_streams()
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
    try:
        return _written(arguments)
    except CommandError as error:
        _say(str(error))
        return error.exit_code
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.startswith("submeter"):
            raise
        _say(f"{missing.name} is not installed, this command needs it; pip install 'submeter[server]'")
    except KeyboardInterrupt:
        return _interrupted()
    return ERROR


def _interrupted() -> int:
    """Ends the line on which the terminal shows the interrupt, so that the shell's prompt begins one."""
    if sys.stderr.isatty():
        sys.stderr.write("\n")
    return INTERRUPTED


def _have_streams() -> None:
    """Opens what a shell closed (`>&-`), of which Python makes nothing at all."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8", closefd=False))


def _no_such(command: str, strange: Sequence[str], options: Collection[str]) -> str:
    """Why the first of the arguments that nothing takes is not taken."""
    word = strange[0].partition("=")[0]
    if word in {"--json", "--csv"}:
        return f"`submeter {command}` answers with no table of rows, so it has no {word}"
    from submeter.cli.suggestion import meant_argument  # noqa: PLC0415  (needed for what is mistyped alone)

    meant = meant_argument(command, word, options)
    return f"nothing takes {' '.join(strange)!r}" + (f" (did you mean {meant}?)" if meant else "")


def _similar(command: str) -> str:
    """The command that a word was perhaps meant to be, or all of them."""
    from submeter.cli.suggestion import meant_command  # noqa: PLC0415  (needed for what is mistyped alone)

    meant = meant_command(command, _COMMANDS)
    return f"did you mean `submeter {meant}`?" if meant else f"there are {', '.join(_COMMANDS)}"


def _run(arguments: list[str]) -> int:
    name = next((word for word in arguments if not word.startswith("-")), "")
    parser = _Parser(
        prog="submeter",
        description="Token metering for LLM apps: every call, session and user behind the provider's bill.",
        epilog=_EPILOG,
        formatter_class=_Help,
    )
    parser.add_argument("--version", action="version", version=f"submeter {VERSION}")
    if arguments and arguments[0].startswith("-") and not any(own.startswith(arguments[0]) for own in _OWN):
        command = next((word for word in arguments if word in _COMMANDS), "COMMAND")
        option = arguments[0].partition("=")[0]
        parser.error(f"the command comes first, then its options: `submeter {command} {option} ...`")
    if name and name not in _COMMANDS:
        parser.error(f"there is no command {name!r} ({_similar(name)})")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for command, (module, line) in _COMMANDS.items():
        about = line[0].upper() + line[1:] + "."
        added = commands.add_parser(command, help=line, description=about, formatter_class=_Help)
        if command == name:
            _loaded(module, "add_options")(added)
    chosen, strange = parser.parse_known_args(arguments)
    if strange:
        from submeter.cli.completion import options_of  # noqa: PLC0415  (needed for what is mistyped alone)

        known = commands.choices.get(chosen.command, parser)
        known.error(_no_such(chosen.command, strange, options_of(known)))
    if chosen.command is None:
        parser.print_help()
        return USAGE
    return _loaded(_COMMANDS[chosen.command][0], "run")(chosen)


def commands() -> dict[str, tuple[argparse.ArgumentParser, str]]:
    """Every command with its parser and its line in the help, as documentation and completion need them."""
    found: dict[str, tuple[argparse.ArgumentParser, str]] = {}
    for name, (module, line) in _COMMANDS.items():
        parser = _Parser(prog=f"submeter {name}", description=line)
        _loaded(module, "add_options")(parser)
        found[name] = (parser, line)
    return found


def _run_program(arguments: list[str]) -> int:
    """`run` by itself: its options are the program's, and so are whatever the program raises and its exit code."""
    if arguments[:1] in (["-h"], ["--help"]):
        return _run(["run", "--help"])
    try:
        return _loaded(_COMMANDS["run"][0], "run")(argparse.Namespace(program=arguments))
    except CommandError as error:
        _say(str(error))
        return error.exit_code


def _loaded(module: str, function: str) -> Callable[..., Any]:
    return getattr(importlib.import_module(module), function)


def _written(arguments: list[str]) -> int:
    """Runs a command whose output may have nowhere to go: a reader that has seen enough is no error."""
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
        return OK
    except OSError as error:
        if error.errno in _BARRED and error.filename:
            where, why = str(error.filename), error.strerror
            raise CommandError(f"{where:.200} cannot be used: {why}", "name another place, or be who may") from error
        if error.errno != errno.ENOSPC:
            raise
        _drop_output()
        raise CommandError("no space is left where the output goes", "make room or send it elsewhere") from error
    return code


def _drop_output() -> None:
    """Has what is still to be printed go nowhere, so that the end of the process does not try again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(message: str) -> None:
    sys.stderr.write(f"submeter: {message}\n")
