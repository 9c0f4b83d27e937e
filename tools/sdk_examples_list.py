"""What the SDKs' examples need, and why some of them cannot be run here; pure data."""

from __future__ import annotations

SILENT = {"OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none", "NO_COLOR": "1", "COLUMNS": "100"}
"""Variables of every run: spans are what is compared."""

ARGUMENTS: dict[str, tuple[str, ...]] = {"batch_results.py": ("msgbatch_1",)}
"""Example -> its command line."""

INPUTS: dict[str, str] = {"tools_runner_deferred_streaming.py": "y\n" * 12}
"""Example -> what is typed into it."""

_SOUND = "needs a microphone or loudspeakers"
_SCREEN = "drives a desktop in a virtual machine or container of its own"
_BROWSER = "drives a browser with the Agents SDK's own setup"
_AZURE, _AWS, _GOOGLE = "needs an account at Azure", "needs an account at AWS", "needs an account at Google Cloud"
_SOCKET = "needs a WebSocket, which the stand-in does not speak; tests/instrumentation/test_openai_sockets.py does"
_FILES = "works with files, video or audio, which the stand-in does not have; every such endpoint is in the matrix"
_CERTIFICATES = "needs certificates or an identity that an operator gives"
_AGENTS = "needs agents that run at the provider; tests/instrumentation/test_jobs.py has them"

NOT_RUN: dict[str, dict[str, str]] = {
    "openai": {
        "audio.py": _FILES,
        "azure": _AZURE,
        "bedrock": _AWS,
        "browser": _BROWSER,
        "computer-desktop/": _SCREEN,
        "live/": _SOUND,
        "module_client.py": "has `https://...` for its address, so it ends before any request",
        "mtls_": _CERTIFICATES,
        "realtime/": _SOUND,
        "responses/multi_agent_streaming.py": "asks for a preview feature (several agents) that the stand-in refuses",
        "responses/multi_agent_websocket.py": _SOCKET,
        "responses/websocket.py": _SOCKET,
        "responses_websocket.py": _SOCKET,
        "speech_to_text.py": _SOUND,
        "text_to_speech.py": _SOUND,
        "uploads.py": _FILES,
        "video.py": _FILES,
        "x509_": _CERTIFICATES,
    },
    "anthropic": {
        "agents": _AGENTS,
        "azure.py": _AZURE,
        "batch_results.py": "needs a batch of one's own; tests/instrumentation/test_batches.py has one",
        "bedrock.py": _AWS,
        "google_cloud.py": _GOOGLE,
        "managed-agents": _AGENTS,
        "mcp_tool_runner.py": "needs a server of the Model Context Protocol, started with npx",
        "vertex.py": _GOOGLE,
        "workload_identity.py": _CERTIFICATES,
    },
}
"""SDK -> how an example's name begins -> why it cannot be run against a provider on the loopback address."""
