"""aiobotocore: agents, whose events report the requests to models."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from providers.matrix import Case, check, rows
from providers.test_aiobotocore import end, made
from providers.test_bedrock_agents import ASK, INVOKE_AGENT, each_request

if TYPE_CHECKING:
    from providers.play import Play

pytestmark = [
    pytest.mark.usefixtures("clean_gc"),
    # aiohttp leaves the connection of a stream that is cancelled to the collector.
    pytest.mark.filterwarnings("ignore:Unclosed connection:ResourceWarning"),
]


async def make(url: str, _is_async: bool) -> Any:
    return await made(url, "bedrock-agent-runtime").__aenter__()


async def invoke_agent(client: Any) -> Any:
    return (await client.invoke_agent(**ASK, enableTrace=True))["completion"]


INVOKE_AGENT_ASYNC = replace(INVOKE_AGENT, make=make, stream=invoke_agent, modes=("async",), end=end)


@pytest.mark.parametrize(("play", "mode", "case"), rows(INVOKE_AGENT_ASYNC))
def test_matrix(play: Play, mode: str, case: Case) -> None:
    check(play, mode, case, each_request)
