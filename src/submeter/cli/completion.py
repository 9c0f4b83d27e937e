"""`submeter completion`: the script by which a shell completes commands, options and the values of options."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field
from string import Template
from typing import TYPE_CHECKING, Final, cast

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
    case "$${COMP_WORDS[1]} $${COMP_WORDS[COMP_CWORD-1]}" in
$values
    esac
  fi
  COMPREPLY=($$(compgen -W "$$words" -- "$$current"))
}
complete -o default -F _submeter submeter
""")
_ZSH: Final = Template("""\
# submeter completion for zsh: eval "$$(submeter completion zsh)"
(( $$+functions[compdef] )) || { autoload -Uz compinit && compinit }
_submeter() {
  if (( CURRENT == 2 )); then
    local -a commands=($described)
    _describe 'command' commands
    return
  fi
  case "$${words[2]} $${words[CURRENT-1]}" in
$values
  esac
  case "$${words[2]}" in
$cases
  esac
  [[ "$${words[CURRENT]}" == -* ]] || _files
}
compdef _submeter submeter
""")
_FISH_COMMAND: Final = "complete -c submeter -f -n __fish_use_subcommand -a {name} -d {line}"
_FISH_WORD: Final = "complete -c submeter -n '__fish_seen_subcommand_from {name}' -a {word}"
_FISH_OPTION: Final = "complete -c submeter -n '__fish_seen_subcommand_from {name}' -l {option}{values}"


@dataclass(slots=True)
class _Words:
    """What a command takes: its options, each with the values it may have, and its words."""

    options: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    words: list[str] = field(default_factory=list[str])

    @property
    def all(self) -> list[str]:
        """Every option and every word."""
        return [*self.options, *self.words]


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter completion`."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help='as in: eval "$(submeter completion bash)"')


def run(arguments: argparse.Namespace) -> int:
    """Prints the script."""
    from submeter.cli import commands  # noqa: PLC0415  (it imports this module)

    known = commands()
    words = {name: _words(parser) for name, (parser, _) in known.items()}
    lines = {name: line for name, (_, line) in known.items()}
    sys.stdout.write(_SCRIPTS[arguments.shell](words, lines))
    return 0


def options_of(parser: argparse.ArgumentParser) -> list[str]:
    """The options of a command, with two dashes, those of its actions too."""
    return list(_words(parser).options)


def _words(parser: argparse.ArgumentParser) -> _Words:
    found = _Words()
    for action in parser._actions:  # noqa: SLF001  (argparse offers no other way to its options)
        if action.help == argparse.SUPPRESS:
            continue
        choices: list[str] = [str(choice) for choice in action.choices or ()]
        for option in action.option_strings:
            if option.startswith("--"):
                found.options[option] = choices
        if not action.option_strings:
            found.words += choices
        for one in _beneath(action):
            found.options.update(_words(one).options)
    return found


def _beneath(action: argparse.Action) -> list[argparse.ArgumentParser]:
    """The parsers of the actions of a command, such as those of `rules check`."""
    choices = cast("object", action.choices)
    if not isinstance(choices, dict):
        return []
    parsers = cast("dict[str, object]", choices).values()
    return [one for one in parsers if isinstance(one, argparse.ArgumentParser)]


def _bash(words: Mapping[str, _Words], lines: Mapping[str, str]) -> str:
    cases = "\n".join(f'      {name}) words="{" ".join(found.all)}" ;;' for name, found in words.items())
    values = "\n".join(
        f'      "{name} {option}") words="{" ".join(values)}" ;;' for name, option, values in _valued(words)
    )
    return _BASH.substitute(commands=" ".join(lines), cases=cases, values=values)


def _zsh(words: Mapping[str, _Words], lines: Mapping[str, str]) -> str:
    described = " ".join(_quoted(f"{name}:{line}") for name, line in lines.items())
    cases = "\n".join(f"    {name}) compadd -- {' '.join(found.all)} ;;" for name, found in words.items())
    values = "\n".join(
        f'    "{name} {option}") compadd -- {" ".join(values)}; return ;;' for name, option, values in _valued(words)
    )
    return _ZSH.substitute(described=described, cases=cases, values=values)


def _fish(words: Mapping[str, _Words], lines: Mapping[str, str]) -> str:
    made = [_FISH_COMMAND.format(name=name, line=_quoted(line)) for name, line in lines.items()]
    for name, found in words.items():
        made += [_FISH_WORD.format(name=name, word=word) for word in found.words]
        made += [
            _FISH_OPTION.format(
                name=name,
                option=option.removeprefix("--"),
                values=f" -x -a {_quoted(' '.join(values))}" if values else "",
            )
            for option, values in found.options.items()
        ]
    return "\n".join(["# submeter completion for fish: submeter completion fish | source", *made, ""])


def _valued(words: Mapping[str, _Words]) -> list[tuple[str, str, list[str]]]:
    """Each command's options of which only some values can be, with these."""
    return [
        (name, option, values) for name, found in words.items() for option, values in found.options.items() if values
    ]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "") + "'"


_SCRIPTS: Final = {"bash": _bash, "zsh": _zsh, "fish": _fish}
