"""A metered program with very many users: `python -m tests.server.many_users USERS ROUNDS`.

Spans and metrics are exported after every round, as a program's own exports would come between its calls.
"""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING, Final

import submeter
from submeter.core.call import Call
from submeter.distro import configure, providers
from submeter.shapes.completions import CHAT

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT: Final = 5_000
"""Tokens of a user, of which the traffic has some pass it and most not."""

_OFTEN: Final = 20
"""Every so manyth user goes on after the first round."""


def rounds(users: int, number: int) -> Iterator[list[tuple[str, int]]]:
    """User and tokens of every call, round by round; the same each time."""
    chance = random.Random(7)  # noqa: S311  (made-up traffic)
    for turn in range(number):
        chosen = range(0, users, 1 if turn == 0 else _OFTEN)
        yield [(f"user-{user:07}", chance.randrange(1_200, 2_200)) for user in chosen]


def main() -> None:
    """Makes the calls."""
    users, number = (int(word) for word in sys.argv[1:])
    configure.compose()
    for calls in rounds(users, number):
        for user, tokens in calls:
            with submeter.session(f"session of {user}", user=user):
                call = Call(CHAT, "openai", ("api.openai.com", 443), {"model": "gpt-4o"})
            usage = {"prompt_tokens": tokens - 200, "completion_tokens": 200, "total_tokens": tokens}
            call.answer({"id": f"{user}-{tokens}", "model": "gpt-4o-2024-08-06", "usage": usage})
            call.finish()
        providers.flush(600_000)


if __name__ == "__main__":
    main()
