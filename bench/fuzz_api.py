"""Fuzz: schemathesis asks a server of its own whatever the OpenAPI document allows and forbids.

Run: `make fuzz-api` (`FUZZ_EXAMPLES=200` for more) with `schemathesis` on the PATH. A parameter whose text looks right
but means nothing (the 31st of February) is refused, so that check alone is left out; no answer may be a server's
error, of another status, type or shape than described, or take what the document forbids.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.server.running import RunningServer, submeter_command

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
    "unsupported_method",
)

REFUSED = ("400", "401", "403", "404", "405", "406", "408", "413", "414", "415", "421", "422", "428", "429")
"""What answers a request that the document forbids; schemathesis by itself takes an address's length for allowed."""


def main(examples: str) -> int:
    tool = shutil.which("schemathesis")
    if tool is None:
        print("schemathesis is not on the PATH; install it with `pipx install schemathesis`", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        config = Path(folder) / "schemathesis.toml"
        config.write_text(f"[checks.negative_data_rejection]\nexpected-statuses = {list(REFUSED)}\n")
        made = submeter_command("demo", "--days", "1", "--data", str(data))
        assert made.returncode == 0, made.stderr
        with RunningServer(data, ("--max-questions", "100000")) as server:
            command = [
                *(tool, "--config-file", str(config), "run", f"{server.url}/api/v1/openapi.json"),
                *("--url", f"{server.url}/api/v1", "--checks", ",".join(CHECKS), "--max-examples", examples),
                *("--exclude-path", "/live", "--phases", "examples,coverage,fuzzing", "--request-timeout", "60"),
            ]
            return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "50"))
