"""Writes the merged rows as the table's file, and the differences between the sources as a report."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.catalog_merge import Merged, Sections

FIRST = (
    "openai",
    "anthropic",
    "gcp.gemini",
    "azure.ai.openai",
    "aws.bedrock",
    "gcp.vertex_ai",
    "azure.ai.inference",
    "mistral_ai",
    "ibm.watsonx.ai",
    "cohere",
    "groq",
    "deepseek",
    "x_ai",
    "moonshot_ai",
    "perplexity",
    "together_ai",
)
"""Sections at the head of the file, where they are read first; the others follow by name."""


def table_of(sections: Sections, sources: list[str], date: str) -> str:
    """The file: a header, then one line a model, section after section."""
    ordered = sorted(sections, key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))
    usual = {name: Counter(row.source for row in sections[name]).most_common(1)[0][0] for name in ordered}
    letters = {"g": sources[0], "l": sources[1], "b": " and ".join(sources)}
    header = {
        "version": date,
        "sources": {letter: [name, date] for letter, name in letters.items()},
        "sections": {name: [len(sections[name]), usual[name]] for name in ordered},
    }
    lines = [json.dumps(header, separators=(",", ":"))]
    lines += [row.text(usual[name]) for name in ordered for row in sections[name]]
    return "\n".join(lines) + "\n"


def report_of(result: Merged) -> str:
    """The differences between the sources as a table with tabs."""
    lines = ["provider\tmodel\tfact\tgenai-prices\tlitellm\ttaken"]
    for conflict in sorted(result.conflicts, key=lambda conflict: (conflict.section, conflict.fact, conflict.model)):
        cells = (conflict.section, conflict.model, conflict.fact, conflict.genai, conflict.litellm, conflict.taken)
        lines.append("\t".join(map(str, cells)))
    return "\n".join(lines) + "\n"
