"""Fillings tell a compaction from a small call beside the conversation."""

from __future__ import annotations

import pytest

from submeter.evaluator.filling import Filling


@pytest.mark.parametrize(
    ("prompts", "steps", "number"),
    [
        ((60, 70, 80), ["grown"] * 3, 1),
        ((80, 10, 81), ["grown", "aside", "grown"], 1),
        ((80, 10, 80), ["grown", "aside", "restarted"], 2),
        ((80, 10, 60), ["grown", "aside", "restarted"], 2),
        ((80, 30), ["grown", "restarted"], 2),
        ((80, 10, 30, 75), ["grown", "aside", "restarted", "grown"], 2),
        ((80, 55, 79), ["grown", "grown", "grown"], 1),
        ((20, 10, 5), ["grown"] * 3, 1),
        ((80, 30, 20, 10), ["grown", "restarted", "grown", "grown"], 2),
    ],
)
def test_steps(prompts: list[int], steps: list[str], number: int) -> None:
    filling = Filling()

    assert [filling.step(prompt, prompt, 70.0) for prompt in prompts] == steps
    assert filling.number == number


def test_a_larger_prompt_with_a_short_answer_is_growth_although_it_fills_less() -> None:
    filling = Filling()
    filling.step(10, 75.0, 70.0)

    assert filling.step(12, 20.0, 70.0) == "grown"
