"""CommandError: why a command cannot do what it was asked, in one line."""

from __future__ import annotations

from typing import ClassVar

from submeter.cli.wording import clean


class CommandError(Exception):
    """What is wrong and what to do about it; printed as one line on stderr. The command ends with `exit_code`."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, to_do: str = "") -> None:
        line = f"{what}; {to_do}" if to_do else what
        super().__init__(clean(" ".join(line.split())))


class UsageError(CommandError):
    """The command has to be written otherwise, whatever is stored and whatever runs."""

    exit_code: ClassVar[int] = 2
