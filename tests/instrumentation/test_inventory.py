"""Every method of the SDKs whose answer states tokens is metered exactly, or listed here with the reason why not.

The methods come from the SDK's own type hints, so a release that adds one turns this red until somebody decides.
"""

from __future__ import annotations

import inspect
import json
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import anthropic
import openai
import pydantic
import pytest

from instrumentation import releases
from instrumentation.http_library import httpx2
from instrumentation.inventory import Method, methods, opened, sent, stated
from metering import usage_of

if TYPE_CHECKING:
    from metering import Metering

_LISTED = "a list of what other requests made: each is counted where it is made or fetched itself"
_EARLIER = "says again what was counted when it was made"
_SUM = "a running sum over requests that are counted one by one, from its events"
_COUNTED_AHEAD = "counts tokens of a request that is not made"
_TOOL = "tokens of a tool's own model, beside those of the response"
_REPORT = "the provider's own report over an organisation, not a call"

NOT_METERED = {
    "admin.organization.*": _REPORT,
    "batches.create": "a batch that was just made has taken nothing",
    "batches.list": _LISTED,
    "beta.agents.sessions.create": _SUM,
    "beta.agents.sessions.events.stream: agent.session.[!t]*": _SUM,
    "beta.agents.sessions.list": _LISTED,
    "beta.agents.sessions.retrieve": _SUM,
    "beta.agents.sessions.subagents.*": "not known to stand outside of the turn that it belongs to",
    "beta.agents.sessions.turns.list": _LISTED,
    "beta.agents.sessions.update": _SUM,
    "*chat.completions.list": _LISTED,
    "*chat.completions.retrieve": _EARLIER,
    "*chat.completions.update": _EARLIER,
    "beta.threads.runs.list": _LISTED,
    "beta.threads.runs.steps.*": "a part of its run, which is counted",
    "beta.threads.*: thread.run.step.*": "a part of its run, which is counted",
    "beta.threads.runs.update": _EARLIER,
    "conversations.items.*": _EARLIER,
    "evals.runs.*": "runs at the provider over models of its choice, and states them in its report",
    "*responses.input_items.list*": _EARLIER,
    "*responses.create: response.output_item.*": _TOOL,
    "*responses.retrieve: response.output_item.*": _TOOL,
    "*responses.input_tokens.count": _COUNTED_AHEAD,
    "beta.dreams.archive": _EARLIER,
    "beta.dreams.cancel": "its counts can keep changing after a cancel; counted when it is retrieved",
    "beta.dreams.create": "a dream that was just made has taken nothing",
    "beta.dreams.list": _LISTED,
    "*messages.count_tokens": _COUNTED_AHEAD,
    "beta.organization.*": _REPORT,
    "beta.sessions.archive": _SUM,
    "beta.sessions.create": _SUM,
    "beta.sessions.list": _LISTED,
    "beta.sessions.retrieve": _SUM,
    "beta.sessions.update": _SUM,
    "beta.sessions.*events.*: session.usage*": _SUM,
    "beta.sessions.threads.archive": _SUM,
    "beta.sessions.threads.list": _LISTED,
    "beta.sessions.threads.retrieve": _SUM,
}
"""Method -> why what its answer states is no call to count."""

CHANGED: dict[str, dict[str, Any]] = {
    "*responses.retrieve*": {"background": True},
    "*responses.cancel": {"background": True},
}
"""What an answer must say, besides what every one of its kind must."""

OPENED = {
    "*.stream": "goes through `create`",
    "*_stream": "goes through `create`",
    "beta.messages.tool_runner": "goes through `create`",
    "beta.sessions.events.tool_runner": "goes through `stream`",
    "*.connect": "metered by `shapes.sockets`, see test_openai_sockets.py",
    "realtime.translations.connect": "its events state no usage, neither tokens nor seconds",
}
"""Methods that give something which yields answers later, and how those are metered."""

# Its own key opens the resources of an organisation, since openai 2.
ADMIN: dict[str, Any] = {"admin_api_key": "k"} if "admin_api_key" in inspect.signature(openai.OpenAI).parameters else {}
OPENAI = list(methods(openai.OpenAI(api_key="k", **ADMIN)))
ANTHROPIC = list(methods(anthropic.Anthropic(api_key="k")))
BATCH = {
    "id": "m",
    "processing_status": "ended",
    "results_url": "https://api.anthropic.com/v1/messages/batches/m/results",
}


def client_of(package: Any, method: Method) -> Any:
    """A client that is answered with what the method states."""

    def answered(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/batches/m") and method.form == "line":
            return httpx2.Response(200, json=BATCH)
        kind, body = sent(method)
        return httpx2.Response(200, headers={"content-type": kind}, stream=httpx2.ByteStream(body), request=request)

    kind = package.OpenAI if package is openai else package.Anthropic
    admin = ADMIN if package is openai else {}
    transport = httpx2.MockTransport(answered)
    return kind(api_key="k", max_retries=0, http_client=httpx2.Client(transport=transport), **admin)


def played(package: Any, method: Method) -> None:
    """Calls the method, and reads what it gives to its end."""
    for pattern, fields in CHANGED.items():
        if fnmatchcase(method.path, pattern):
            within = method.answer.get("response", method.answer)
            within.update(fields)
    target: Any = client_of(package, method)
    for name in method.path.partition(":")[0].split("."):
        target = getattr(target, name)
    answer = target(**json.loads(json.dumps(method.arguments, default=list)) if _is_plain(method) else method.arguments)
    if method.form in ("event", "line"):
        for _ in answer:
            pass


def _is_plain(method: Method) -> bool:
    return not any(isinstance(value, tuple) for value in method.arguments.values())


def reason(method: Method) -> str:
    return next((why for pattern, why in NOT_METERED.items() if fnmatchcase(method.path, pattern)), "")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("package", "method"),
    [
        pytest.param(package, method, id=f"{package.__name__}-{method.path}")
        for package, found in ((openai, OPENAI), (anthropic, ANTHROPIC))
        for method in found
    ],
)
def test_what_a_method_states_is_metered_or_explained(package: Any, method: Method, metering: Metering) -> None:
    played(package, method)
    told = [usage for span in metering.ended() if (usage := usage_of(span))]
    if reason(method):
        assert told == []
        return
    assert len(told) == 1, "neither metered nor listed"
    expected = stated(method.answer)
    if method.path.endswith("message_start"):  # where the output is a placeholder
        del expected["output_tokens"]
    assert {name: told[0][name] for name in told[0] if name in ("input_tokens", "output_tokens")} == expected


@pytest.mark.parametrize("package", [openai, anthropic])
def test_everything_that_opens_something_is_known(package: Any) -> None:
    made = client_of(package, OPENAI[0])
    unknown = [path for path in opened(made) if not any(fnmatchcase(path, pattern) for pattern in OPENED)]
    assert unknown == []


def test_nothing_that_comes_over_a_connection_of_translations_states_usage() -> None:
    """Else it is to be metered, as the other connections are."""
    events = pytest.importorskip("openai.types.realtime")
    if not hasattr(events, "RealtimeTranslationServerEvent"):
        pytest.skip("this release has no such connections")
    assert _fields_about_usage(events.RealtimeTranslationServerEvent) == set()
    # What finds none there does find that of the other connections.
    assert {"usage", "input_tokens", "seconds"} <= _fields_about_usage(events.RealtimeServerEvent)


def _fields_about_usage(event: Any) -> set[str]:
    schema = json.dumps(pydantic.TypeAdapter(event).json_schema())
    return set(re.findall(r'"(usage|seconds|duration|\w*_tokens)": {', schema))


@pytest.mark.skipif(releases.ARE_OLD, reason="the reasons are those of the newest release")
def test_no_reason_is_given_for_what_is_not_there() -> None:
    paths = [method.path for method in (*OPENAI, *ANTHROPIC)]
    assert [pattern for pattern in NOT_METERED if not any(fnmatchcase(path, pattern) for path in paths)] == []
