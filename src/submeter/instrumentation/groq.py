"""Groq: chat completions and embeddings. Its streams state usage in a field of their own, unasked."""

from __future__ import annotations

from submeter.shapes import completions
from submeter.shapes.route import Provider
from submeter.value import replace

PROVIDER = Provider(
    package="groq",
    name="groq",
    endpoints={
        "post /openai/v1/chat/completions": replace(completions.CHAT, envelopes=frozenset({"x_groq"})),
        "post /openai/v1/embeddings": completions.EMBEDDINGS,
    },
)
