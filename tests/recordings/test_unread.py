"""Unread: every recorded exchange that no row reads, with the reason; one that has none fails.

Runs over a folder of recorded traffic that is no part of the project; `SUBMETER_TEST_RECORDINGS` names it.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from recordings.exchange import exchanges
from recordings.replay import family_of
from recordings.sdk_players import player_of
from submeter import settings

if TYPE_CHECKING:
    from recordings.exchange import Exchange

FOLDER = settings.variable("SUBMETER_TEST_RECORDINGS")

pytestmark = pytest.mark.skipif(
    not FOLDER, reason="SUBMETER_TEST_RECORDINGS names no folder of recorded provider traffic"
)

REASONS: tuple[tuple[str, str], ...] = (
    (
        "no provider of models: telemetry, pages, search and tools that a framework reached for",
        (
            r"[\d.]+:2017/|api\.smith\.langchain\.com/|api\.tavily\.com/|data\.grepit\.app/|eu(-api)?\.i\.posthog\.com/"
            r"|example-files\.|mcp\.deepwiki\.com/|os-api\.agno\.com/|raw\.githubusercontent\.com/|t3\.ftcdn\.net/"
            r"|www\.w3\.org/|api\.openai\.com/v1/traces/ingest"
        ),
    ),
    (
        "log-ins, projects and lists of models",
        (
            r"iam\.cloud\.ibm\.com/|api\.dataplatform\.cloud\.ibm\.com/v2/(projects|spaces)"
            r"|[^/]+/ml/v1-beta/foundation_model_specs|[^/]+/ml/v4/instances/|api\.openai\.com/v1/models\b"
        ),
    ),
    (
        "counts tokens and generates none",
        r".*(/count_tokens|:countTokens|/count-tokens|/responses/input_tokens)$",
    ),
    (
        "files, stores and caches",
        r"[^/]+/v1/(files|vector_stores)\b|[^/]+(/upload)?/v1beta/(fileSearchStores|cachedContents)\b",
    ),
    (
        "made before a model is asked: assistants, threads, messages, conversations, sessions",
        (
            r"api\.openai\.com/v1/(assistants(/[^/]+)?|threads(/[^/]+/messages)?|conversations(/[^/]+)?"
            r"|realtime/(calls|client_secrets))$"
        ),
    ),
    (
        "retrieval and guardrails of Bedrock, which state no tokens",
        (
            r"bedrock-agent-runtime\.[^/]+/knowledgebases/[^/]+/retrieve$"
            r"|bedrock-runtime\.[^/]+/guardrail/[^/]+/version/[^/]+/apply$"
        ),
    ),
    ("the retired completions of Anthropic, which state no tokens", r"api\.anthropic\.com/v1/complete$"),
    ("an API of its own whose SDK has no row: DashScope", r"dashscope\.aliyuncs\.com/api/v1/services/aigc/"),
)
"""Why an exchange is not read -> host and path of such exchanges, from their beginning."""


def _reason(exchange: Exchange) -> str:
    place = f"{exchange.host}{exchange.path}"
    return next((reason for reason, pattern in REASONS if re.match(pattern, place)), "")


def _states_output(exchange: Exchange) -> bool:
    """Whether it states tokens that a model gave out, in the words of any provider."""
    return (
        re.search(rb'"(output_tokens|completion_tokens|outputTokens|candidatesTokenCount)": *\d', exchange.body)
        is not None
    )


@pytest.fixture(scope="module")
def unread() -> list[Exchange]:
    return [one for one in exchanges(Path(FOLDER)) if player_of(one) is None and family_of(one) is None]


def test_what_no_row_reads_has_its_reason(unread: list[Exchange]) -> None:
    assert [(one.name, one.method, one.url) for one in unread if not _reason(one)] == []


def test_what_no_row_reads_states_no_output_unless_its_sdk_has_no_row(
    unread: list[Exchange], capsys: pytest.CaptureFixture[str]
) -> None:
    stated = {_reason(one) for one in unread if _states_output(one)}
    with capsys.disabled():
        print(f"\n\n{len(unread)} exchanges that no row reads:")  # noqa: T201
        for reason, number in Counter(map(_reason, unread)).most_common():
            print(f"  {number:5}  {reason}")  # noqa: T201
    assert stated == {"an API of its own whose SDK has no row: DashScope"}
