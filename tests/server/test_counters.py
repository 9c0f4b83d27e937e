"""Counters and their Prometheus text."""

from __future__ import annotations

from submeter.server.counters import Counters


def test_cells_are_told_apart_by_their_labels() -> None:
    counters = Counters()
    counters.add("submeter_calls_total")
    counters.add("submeter_warnings_total", 2, severity="info")
    counters.add("submeter_warnings_total", severity="critical")
    assert counters.total("submeter_warnings_total") == 3
    assert counters.total("submeter_warnings_total", severity="info") == 2
    lines = counters.text([("submeter_x", "A gauge.", 1.5)]).splitlines()
    assert 'submeter_warnings_total{severity="critical"} 1' in lines
    assert "submeter_calls_total 1" in lines
    assert lines[-3:] == ["# HELP submeter_x A gauge.", "# TYPE submeter_x gauge", "submeter_x 1.5"]


def test_label_values_are_escaped() -> None:
    counters = Counters()
    counters.add("submeter_warnings_total", severity='a"b\\c\nd')
    assert 'submeter_warnings_total{severity="a\\"b\\\\c\\nd"} 1' in counters.text().splitlines()
