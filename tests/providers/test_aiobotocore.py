"""aiobotocore: Converse and InvokeModel, whole and streamed."""

from __future__ import annotations

import importlib
from dataclasses import replace
from importlib.util import find_spec
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
    # Once a process, where httpx2 is not installed.
    pytest.mark.filterwarnings("ignore:aiobotocore's httpx backend now prefers httpx2:DeprecationWarning"),
]


SESSION = aiobotocore.get_session()
try:
    httpxsession: Any = importlib.import_module("aiobotocore.httpxsession") if find_spec("httpx") else None
except ImportError:  # an older release
    httpxsession = None


def made(url: str, service: str = "bedrock-runtime", **options: Any) -> Any:
    return SESSION.create_client(
        service,
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="k",
        aws_secret_access_key="s",
        config=pytest.importorskip("aiobotocore.config").AioConfig(retries={"total_max_attempts": 1}, **options),
    )


async def make(url: str, _is_async: bool) -> Any:
    return await made(url).__aenter__()


async def make_httpx(url: str, _is_async: bool) -> Any:
    """Over the other HTTP library, whose unread bodies are of another class."""
    return await made(url, http_session_cls=httpxsession.HttpxSession).__aenter__()


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


PLAYS = (CONVERSE_ASYNC, INVOKE_ASYNC)
# aiobotocore 3.10 cannot read an event stream over httpx: it asks for the content of an answer that has not been read.
HTTPX = (
    ()
    if httpxsession is None
    else tuple(replace(play, name=f"{play.name}-httpx", make=make_httpx, stream=None) for play in PLAYS)
)


@pytest.mark.parametrize(("play", "mode", "case"), rows(*PLAYS, *HTTPX))
def test_matrix(play: Play, mode: str, case: Case) -> None:
    check(play, mode, case)
