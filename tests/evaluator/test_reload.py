"""Reload: new rules come into force, wrong ones do not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from submeter.evaluator.reload import RuleSource
from submeter.evaluator.rulefile import RuleFileError

if TYPE_CHECKING:
    from pathlib import Path

ONE = "limits:\n  - {name: a, limit: 1}\n"
TWO = "limits:\n  - {name: a, limit: 2}\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(ONE)
    return path


def limit(source: RuleSource) -> float:
    return getattr(source.rules[-1], "limit", 0)


def test_an_unchanged_file_brings_nothing_new(path: Path) -> None:
    source = RuleSource(path)

    assert (source.poll(), limit(source)) == (False, 1)


def test_a_changed_file_brings_new_rules_once(path: Path) -> None:
    source = RuleSource(path)
    path.write_text(TWO + "\n")

    assert (source.poll(), limit(source)) == (True, 2)
    assert source.poll() is False


def test_a_file_replaced_by_one_of_the_same_size_and_age_is_noticed(path: Path, tmp_path: Path) -> None:
    source = RuleSource(path)
    before = path.stat()
    other = tmp_path / "other.yaml"
    other.write_text(TWO)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)

    assert (source.poll(), limit(source)) == (True, 2)


def test_wrong_rules_leave_the_old_ones_in_force_and_say_so_until_they_are_right(path: Path) -> None:
    source = RuleSource(path)
    path.write_text("limits:\n  - {name: a, limit: -1}\n")

    assert (source.poll(), limit(source)) == (False, 1)
    assert "line 2: limits[0].limit" in source.error
    assert source.error.endswith("The rules of before stay in force.")
    assert source.poll() is False
    assert source.error

    path.write_text(TWO)
    assert (source.poll(), limit(source), source.error) == (True, 2, "")


def test_a_file_that_is_gone_leaves_its_rules_in_force(path: Path) -> None:
    source = RuleSource(path)
    path.unlink()

    assert (source.poll(), limit(source)) == (False, 1)
    assert "cannot be read" in source.error


def test_a_touched_file_is_no_news(path: Path) -> None:
    source = RuleSource(path)
    os.utime(path, ns=(1, 1))

    assert source.poll() is False


def test_a_file_that_is_wrong_from_the_start_is_an_error(path: Path) -> None:
    path.write_text("[]")

    with pytest.raises(RuleFileError):
        RuleSource(path)
