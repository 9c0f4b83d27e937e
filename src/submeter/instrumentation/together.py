"""Together AI: chat completions, completions and embeddings. Its streams state usage unasked."""

from __future__ import annotations

from submeter.shapes import completions
from submeter.shapes.route import Provider

PROVIDER = Provider(
    package="together",
    name="together_ai",
    endpoints={
        "post /v1/chat/completions": completions.CHAT,
        "post /v1/completions": completions.COMPLETION,
        "post /v1/embeddings": completions.EMBEDDINGS,
        # together 2 keeps the version in its base URL.
        "post /chat/completions": completions.CHAT,
        "post /completions": completions.COMPLETION,
        "post /embeddings": completions.EMBEDDINGS,
    },
)
