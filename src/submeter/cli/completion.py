"""`submeter completion`: the script by which a shell completes commands and options."""

from __future__ import annotations

import argparse
import sys
from string import Template
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_BASH: Final = Template("""\
# submeter completion for bash: eval "$$(submeter completion bash)"
_submeter() {
  local current="$${COMP_WORDS[COMP_CWORD]}" words="$commands"
  if [ "$$COMP_CWORD" -gt 1 ]; then
    case "$${COMP_WORDS[1]}" in
$cases
      *) words="" ;;
    esac
  fi
  COMPREPLY=($$(compgen -W "$$words" -- "$$current"))
}
complete -o default -F _submeter submeter
""")
_ZSH: Final = Template("""\
# submeter completion for zsh: eval "$$(submeter completion zsh)"
_submeter() {
  if (( CURRENT == 2 )); then
    local -a commands=($described)
    _describe 'command' commands
    return
  fi
  case "$${words[2]}" in
$cases
    *) _files ;;
  esac
}
compdef _submeter submeter
""")
_FISH_COMMAND: Final = "complete -c submeter -f -n __fish_use_subcommand -a {name} -d {line}"
_FISH_OPTION: Final = "complete -c submeter -n '__fish_seen_subcommand_from {name}' -l {option}"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter completion`."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help='as in: eval "$(submeter completion bash)"')


def run(arguments: argparse.Namespace) -> int:
    """Prints the script."""
    from submeter.cli import commands  # noqa: PLC0415  (it imports this module)

    known = commands()
    options = {name: _options(parser) for name, (parser, _) in known.items()}
    lines = {name: line for name, (_, line) in known.items()}
    sys.stdout.write(_SCRIPTS[arguments.shell](options, lines))
    return 0


def _options(parser: argparse.ArgumentParser) -> list[str]:
    found: list[str] = []
    for action in parser._actions:  # noqa: SLF001  (argparse offers no other way to its options)
        if action.help != argparse.SUPPRESS:
            found += [option for option in action.option_strings if option.startswith("--")]
        if not action.option_strings and action.choices:
            found += [str(choice) for choice in action.choices]
    return found


def _bash(options: Mapping[str, list[str]], lines: Mapping[str, str]) -> str:
    cases = "\n".join(f'      {name}) words="{" ".join(found)}" ;;' for name, found in options.items())
    return _BASH.substitute(commands=" ".join(lines), cases=cases)


def _zsh(options: Mapping[str, list[str]], lines: Mapping[str, str]) -> str:
    described = " ".join(_quoted(f"{name}:{line}") for name, line in lines.items())
    cases = "\n".join(f"    {name}) compadd -- {' '.join(found)} ;;" for name, found in options.items())
    return _ZSH.substitute(described=described, cases=cases)


def _fish(options: Mapping[str, list[str]], lines: Mapping[str, str]) -> str:
    named = [_FISH_COMMAND.format(name=name, line=_quoted(line)) for name, line in lines.items()]
    given = [
        _FISH_OPTION.format(name=name, option=option.removeprefix("--"))
        for name, found in options.items()
        for option in found
        if option.startswith("--")
    ]
    return "\n".join(["# submeter completion for fish: submeter completion fish | source", *named, *given, ""])


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "") + "'"


_SCRIPTS: Final = {"bash": _bash, "zsh": _zsh, "fish": _fish}
