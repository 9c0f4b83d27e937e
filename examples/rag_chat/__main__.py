"""`python -m examples.rag_chat`: the service on http://127.0.0.1:8000, metered.

With OPENAI_API_KEY set it answers with gpt-4o-mini; with `--standin` it needs no key: a stand-in provider
answers as gpt-4, whose small window is full after a dozen long messages.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import sys

import openai
import uvicorn
from examples.standin import StandIn

import submeter

from .service import build


def main() -> int:
    """Serves until Ctrl-C; 1 when there is no key."""
    parser = argparse.ArgumentParser(prog="python -m examples.rag_chat", description="A chat over documents.")
    parser.add_argument(
        "--port", type=int, default=8000, help="port on the loopback address, 0 for a free one (default: 8000)"
    )
    parser.add_argument("--model", default="", help="model to answer with")
    parser.add_argument("--standin", action="store_true", help="answer without a key, from a stand-in provider")
    chosen = parser.parse_args()
    submeter.instrument()
    with contextlib.ExitStack() as stack:
        if chosen.standin:
            provider = stack.enter_context(StandIn())
            print(f"stand-in provider on {provider.url}", flush=True)
            client = openai.AsyncOpenAI(base_url=provider.openai_url, api_key="standin")
        else:
            try:
                client = openai.AsyncOpenAI()
            except openai.OpenAIError as error:
                print(f"rag_chat: {error}; or use --standin", file=sys.stderr)
                return 1
        model = chosen.model or ("gpt-4" if chosen.standin else "gpt-4o-mini")
        try:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", chosen.port)))
        except OSError as error:
            print(f"rag_chat: cannot listen on port {chosen.port} ({error.strerror}); use --port 0", file=sys.stderr)
            return 1
        print(f"rag_chat on http://127.0.0.1:{listener.getsockname()[1]}, answering with {model}", flush=True)
        server = uvicorn.Server(uvicorn.Config(build(client, model), log_level="warning"))
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
