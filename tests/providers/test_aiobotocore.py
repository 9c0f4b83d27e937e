"""aiobotocore: Converse and InvokeModel, whole and streamed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from providers.matrix import Case, check, rows
from providers.test_bedrock import ASK, CLAUDE_ASK, CONVERSE, INVOKE

if TYPE_CHECKING:
    from providers.play import Play

aiobotocore: Any = pytest.importorskip("aiobotocore.session")

pytestmark = [
    pytest.mark.usefixtures("clean_gc"),
    # aiohttp leaves the connection of a stream that is cancelled to the collector.
    pytest.mark.filterwarnings("ignore:Unclosed connection:ResourceWarning"),
]


SESSION = aiobotocore.get_session()


async def make(url: str, is_async: bool) -> Any:
    made = SESSION.create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="k",
        aws_secret_access_key="s",
        config=pytest.importorskip("aiobotocore.config").AioConfig(retries={"total_max_attempts": 1}),
    )
    return await made.__aenter__()


async def end(client: Any) -> None:
    await client.__aexit__(None, None, None)


async def read_out(client: Any) -> Any:
    answer = await client.invoke_model(**CLAUDE_ASK)
    return await answer["body"].read()


async def converse_stream(client: Any) -> Any:
    return (await client.converse_stream(**ASK))["stream"]


async def invoke_stream(client: Any) -> Any:
    return (await client.invoke_model_with_response_stream(**CLAUDE_ASK))["body"]


CONVERSE_ASYNC = replace(CONVERSE, make=make, stream=converse_stream, modes=("async",), end=end)
INVOKE_ASYNC = replace(INVOKE, make=make, whole=read_out, stream=invoke_stream, modes=("async",), end=end)


@pytest.mark.parametrize(("play", "mode", "case"), rows(CONVERSE_ASYNC, INVOKE_ASYNC))
def test_matrix(play: Play, mode: str, case: Case) -> None:
    check(play, mode, case)
