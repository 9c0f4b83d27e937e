"""The evaluator as a whole: once per event, from every thread, after a fork, within bounds."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from evaluator.calls import call
from submeter.evaluator import DEFAULT_RULES, Bounds, Evaluator, WarningEvent
from submeter.evaluator.context_window import ContextWindowRule
from submeter.evaluator.state import Fired, Forgetful


def test_the_defaults_are_the_three_conversation_rules() -> None:
    assert [rule.name for rule in Evaluator().rules] == [
        "context_window",
        "conversation_too_long",
        "context_truncated",
    ]


def test_a_call_delivered_twice_counts_once() -> None:
    evaluator = Evaluator()
    record = call(1, context_window=None)

    evaluator.observe(record)
    evaluator.observe(record)

    assert evaluator.unknown_windows == 1


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="used twice: context_window"):
        Evaluator([ContextWindowRule(), ContextWindowRule()])


def test_many_threads_fire_each_event_once() -> None:
    evaluator = Evaluator([ContextWindowRule()])
    records = [call(86_000, session_id=f"s-{n % 50}") for n in range(2_000)]
    with ThreadPoolExecutor(8) as pool:
        events = [event for found in pool.map(evaluator.observe, records) for event in found]

    assert sorted(event.subject for event in events) == sorted(f"s-{n}" for n in range(50))


class Abandoned:
    """Finishes a call when the garbage collector finds it, as an abandoned stream does."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.me = self

    def __del__(self) -> None:
        self.evaluator.observe(call(96_000, session_id="abandoned"))


class Collecting:
    """A rule in whose midst the garbage collector runs."""

    name = "collecting"
    shape = "nothing"

    def fresh(self, _bounds: Bounds, _fired: Fired) -> Forgetful:
        return Forgetful()

    def judge(self, _state: object, _record: object) -> tuple[WarningEvent, ...]:
        gc.collect()
        return ()


def test_a_call_that_the_collector_finishes_inside_an_evaluation_is_not_lost() -> None:
    evaluator = Evaluator([ContextWindowRule(), Collecting()])
    Abandoned(evaluator)

    events = evaluator.observe(call(75_000))

    assert [event.subject for event in events] == ["s-42", "abandoned"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_in_the_midst_of_an_evaluation_leaves_the_child_able_to_evaluate() -> None:
    program = """
import os, sys
sys.path.insert(0, "tests")
from evaluator.calls import call
from submeter.evaluator import Evaluator
from submeter.evaluator.state import Forgetful

class Forking:
    name = shape = "forking"
    done = False
    def fresh(self, bounds, fired):
        return Forgetful()
    def judge(self, state, record):
        if not Forking.done:
            Forking.done = True
            import threading
            pid = []
            thread = threading.Thread(target=lambda: pid.append(child()))
            thread.start(); thread.join()
            _, status = os.waitpid(pid[0], 0)
            print("child", os.waitstatus_to_exitcode(status))
        return ()

def child():
    pid = os.fork()
    if pid == 0:
        events = evaluator.observe(call(86_000))
        os._exit(0 if len(events) == 1 else 1)
    return pid

from submeter.evaluator.context_window import ContextWindowRule
evaluator = Evaluator([Forking(), ContextWindowRule()])
evaluator.observe(call(1))
"""
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=60, check=False
    )

    assert found.stdout == "child 0\n", found.stderr


def test_memory_stays_within_its_bounds() -> None:
    evaluator = Evaluator([ContextWindowRule()], bounds=Bounds(subjects=100, calls=100, events=100, streams=100))
    for number in range(5_000):
        evaluator.observe(call(86_000, session_id=f"s-{number}"))

    sizes = evaluator.sizes()
    assert sizes["context_window"] > 10
    assert max(sizes.values()) <= 100


def test_a_session_that_goes_on_is_not_forgotten_however_many_others_pass() -> None:
    evaluator = Evaluator([ContextWindowRule()], bounds=Bounds(subjects=10, calls=10, events=10, streams=10))
    evaluator.observe(call(86_000, session_id="mine"))
    for number in range(200):
        evaluator.observe(call(86_000, session_id=f"s-{number}"))
        assert evaluator.observe(call(86_000, session_id="mine")) == []


def test_the_package_loads_nothing_but_the_standard_library() -> None:
    program = (
        "import sys, submeter.evaluator as e\n"
        "outside = {m.split('.')[0] for m in sys.modules} - set(sys.stdlib_module_names) - {'submeter', '__main__'}\n"
        "print(sorted(m for m in outside if not m.startswith(('_', 'sitecustomize', 'distutils'))))"
    )
    found = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, 'src')\n{program}"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout.strip() == "[]"


def test_impossible_bounds_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        Bounds(subjects=1)


def test_every_default_rule_has_a_name_of_its_own() -> None:
    assert len({rule.name for rule in DEFAULT_RULES}) == len(DEFAULT_RULES)
