"""Recordings: every recorded exchange, replayed through the real SDKs, is metered exactly as its provider counted it.

Runs over a folder of recorded traffic that is no part of the project; `SUBMETER_TEST_RECORDINGS` names it.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from recordings.replay import MODES
from recordings.run import Run, run
from submeter import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from recordings.run import Played

FOLDER = settings.variable("SUBMETER_TEST_RECORDINGS")

pytestmark = pytest.mark.skipif(
    not FOLDER, reason="SUBMETER_TEST_RECORDINGS names no folder of recorded provider traffic"
)


def _leaves_thoughts_out(played: Played) -> bool:
    return played.exchange.host.endswith("googleapis.com")


def _is_refused(played: Played) -> bool:
    return played.exchange.status >= 400


def _is_counted_elsewhere(played: Played) -> bool:
    return played.family.is_fetched and played.kind == "fetch_response"


def _states_nothing(played: Played) -> bool:
    return not played.said.snapshots


EXCEPTIONS: tuple[tuple[str, Callable[[Played], bool]], ...] = (
    ("refused by the provider: an error span, and no usage is stated", _is_refused),
    ("fetched answer whose usage counts where it was made, or was fetched before", _is_counted_elsewhere),
    ("the provider states no usage: none is metered", _states_nothing),
)
"""Exchanges whose usage is compared with nothing at all, and why; what each must look like is asserted."""

OTHER_TOTALS: tuple[tuple[str, Callable[[Played], bool]], ...] = (
    ("Gemini's OpenAI protocol states thoughts nowhere but inside the sum of everything", _leaves_thoughts_out),
    ("embeddings of some hosts put no output into the sum", lambda played: played.kind == "embeddings"),
)
"""Calls whose `total_tokens` is not input plus output, and why."""


@pytest.fixture(scope="module")
def played() -> Run:
    folder = Path(FOLDER)
    assert folder.is_dir(), (
        f"SUBMETER_TEST_RECORDINGS={FOLDER} is no folder: set it to one with recordings, or unset it"
    )
    made = run(folder)
    assert made.played, f"no exchange in the openai or anthropic format under {folder}"
    return made


def _reason(one: Played) -> str:
    return next((reason for reason, applies in EXCEPTIONS if applies(one)), "")


def test_every_call_has_exactly_one_span(played: Run) -> None:
    """And so has every request within it that its usage leaves out."""
    assert [one.name for one in played.played if len(one.spans) != 1 + len(one.said.beside)] == []


def test_usage_of_requests_within_a_call_is_what_the_provider_counted(played: Run) -> None:
    assert [(one.name, one.beside, one.said.beside) for one in played.played if one.beside != one.said.beside] == []


def test_usage_on_the_span_is_what_the_provider_counted(played: Run) -> None:
    wrong = [(one.name, one.usage, one.said.usage) for one in played.played if one.usage != one.said.usage]
    assert wrong == []


def test_usage_on_the_counters_is_what_the_provider_counted(played: Run) -> None:
    metered, expected = +played.counters, +played.expected
    wrong = {
        point: (metered[point], expected[point]) for point in metered | expected if metered[point] != expected[point]
    }
    assert wrong == {}


def test_parts_that_do_not_fit_their_total_are_marked(played: Run) -> None:
    marks = [
        (one.name, bool(one.attribute("submeter.usage.inconsistent")), one.said.is_clamped) for one in played.played
    ]
    assert [mark for mark in marks if mark[1] != mark[2]] == []


def test_every_count_a_provider_states_is_compared_or_explained(played: Run) -> None:
    assert {(one.exchange.name, *sorted(one.said.unknown)) for one in played.played if one.said.unknown} == set()


def test_input_and_output_sum_to_what_the_provider_calls_total(played: Run) -> None:
    wrong = [
        (one.name, one.said.total, one.said.usage)
        for one in played.played
        if one.said.total is not None
        and one.said.usage
        and one.said.total != one.said.usage.get("input_tokens", 0) + one.said.usage.get("output_tokens", 0)
        and not any(applies(one) for _, applies in OTHER_TOTALS)
    ]
    assert wrong == []


def test_model_is_the_one_that_answered(played: Run) -> None:
    wrong = [
        (one.name, one.attribute("gen_ai.response.model"), one.said.model)
        for one in played.played
        if one.said.usage and (one.attribute("gen_ai.response.model") or "") != one.said.model
    ]
    assert wrong == []


def test_what_a_provider_refused_is_an_error_without_usage(played: Run) -> None:
    refused = [one for one in played.played if _is_refused(one)]
    wrong = [one.name for one in refused if not one.attribute("error.type") or one.usage or one.error is None]
    assert wrong == []


def test_calls_without_usage_are_explained(played: Run) -> None:
    assert [one.name for one in played.played if not one.said.usage and not _reason(one)] == []


def test_every_listed_usage_object_was_read(played: Run) -> None:
    listed = Path(FOLDER) / "truth.json"
    if not listed.is_file():
        pytest.skip("the folder has no truth.json to compare the reading with")
    truth: dict[str, Any] = json.loads(listed.read_text())
    wrong: list[object] = []
    for one in played.played:
        entries = truth.get(one.exchange.file, {}).get("interactions", [])
        if one.mode != MODES[0] or one.exchange.place >= len(entries):
            continue
        entry = entries[one.exchange.place]
        told = [found["usage"] for found in entry["usage"] if "usage" in found]
        read = [*one.said.snapshots, *one.said.parts]
        if not all(usage in read for usage in told) or len(read) != entry["usage_objects"]:
            wrong.append((one.name, entry["usage_objects"], told, read))
    assert wrong == []


def test_table(played: Run, capsys: pytest.CaptureFixture[str]) -> None:
    plain = [one for one in played.played if one.mode == MODES[0]]
    compared = Counter(f"{one.family.package} {one.family.path}" for one in plain if one.said.usage)
    excepted = Counter(_reason(one) for one in plain if not one.said.usage)
    with capsys.disabled():
        print(f"\n\n{len(played.files)} files, {played.read} exchanges, {len(plain)} in the two formats")  # noqa: T201
        print(f"{compared.total()} compared, each in {len(MODES)} modes ({', '.join(MODES)}):")  # noqa: T201
        for name, number in compared.most_common():
            print(f"  {number:5}  {name}")  # noqa: T201
        print(f"  and {sum(len(one.said.beside) for one in plain)} requests within them, beside their usage")  # noqa: T201
        print(f"{excepted.total()} exceptions:")  # noqa: T201
        for name, number in excepted.most_common():
            print(f"  {number:5}  {name}")  # noqa: T201
    assert compared.total() + excepted.total() == len(plain)
