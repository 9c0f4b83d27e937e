"""A client for the terminal: `python -m examples.rag_chat.client "first message" "second message"`.

Prints every answer with what it used, how full the conversation is, and the warning when there is one. Without
messages it reads them from the keyboard; `--pages N` sends N long ones, to see a window fill.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BAR = 40
_TIMEOUT_S = 120


class ClientError(Exception):
    """The service cannot be asked, or refused; the message says why."""


def post(server: str, path: str, body: dict[str, str]) -> dict[str, Any]:
    """The service's answer to `body`.

    Raises:
        ClientError: it is not there, or it refused.
    """
    connection = http.client.HTTPConnection(server, timeout=_TIMEOUT_S)
    try:
        connection.request("POST", path, json.dumps(body), {"content-type": "application/json"})
        response = connection.getresponse()
        answer = json.loads(response.read())
    except (OSError, ValueError) as error:
        raise ClientError(f"no service at {server}: {error}; start one: python -m examples.rag_chat") from error
    finally:
        connection.close()
    if response.status != http.HTTPStatus.OK:
        raise ClientError(f"refused ({response.status}): {answer.get('detail')}")
    return answer


def lines_of(answer: dict[str, Any]) -> Iterator[str]:
    """An answer as lines: text, usage, how full the context is, warning."""
    usage = answer["token_usage"]
    yield answer["answer"]
    yield f"  {usage['total_tokens']:,} tokens in {usage['calls']} calls, {usage['cost_usd']:.5f} USD"
    context = answer["context"]
    if context:
        share = context["percentage_used"]
        filled = min(_BAR, round(_BAR * share / 100))
        yield f"  [{'#' * filled}{'.' * (_BAR - filled)}] {share:.0f} % of {context['limit_tokens']:,} tokens"
    warning = answer["token_warning"]
    if warning:
        yield f"  ! {warning['severity']}: {warning['message']}"


def _pages(count: int) -> Iterator[str]:
    for page in range(1, count + 1):
        yield f"Page {page}: " + "a gift may be returned without a receipt. " * 50 + "Sum up in 120 words"


def _typed() -> Iterator[str]:
    print("Type a message; an empty line ends.")
    while line := sys.stdin.readline().strip():
        yield line


def main() -> int:
    """Talks to the service; 1 when it cannot or refuses."""
    parser = argparse.ArgumentParser(prog="python -m examples.rag_chat.client", description="Chat in a terminal.")
    parser.add_argument("messages", nargs="*", help="what to say, in turn")
    parser.add_argument("--server", default="127.0.0.1:8000", help="host:port (default: %(default)s)")
    parser.add_argument("--user", default="ana", help="user id (default: %(default)s)")
    parser.add_argument("--session", default=f"terminal-{int(time.time()):x}", help="session id (default: a new one)")
    parser.add_argument("--pages", type=int, default=0, help="send so many long messages first")
    chosen = parser.parse_args()
    messages: Iterable[str] = [*_pages(chosen.pages), *chosen.messages] if chosen.pages or chosen.messages else _typed()
    try:
        for message in messages:
            body = {"session_id": chosen.session, "user_id": chosen.user, "message": message}
            print("\n".join(lines_of(post(chosen.server, "/chat", body))), flush=True)
    except ClientError as error:
        print(f"client: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
