"""`python -m examples.standin --port 0`: runs the stand-in until Ctrl-C and prints how to reach it."""

from __future__ import annotations

import argparse
import contextlib
import sys

from .server import StandIn


def main() -> int:
    """Runs the stand-in; 1 when the port is taken."""
    parser = argparse.ArgumentParser(prog="python -m examples.standin", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback)")
    parser.add_argument("--port", type=int, default=0, help="port, 0 for a free one (default)")
    chosen = parser.parse_args()
    standin = StandIn(host=chosen.host, port=chosen.port)
    try:
        standin.start()
    except OSError as error:
        print(f"cannot listen on {chosen.host}:{chosen.port}: {error.strerror}; try --port 0", file=sys.stderr)
        return 1
    print(standin.url, flush=True)
    for name, value in standin.environment().items():
        print(f"export {name}={value}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        standin.stopping.wait()
    standin.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
