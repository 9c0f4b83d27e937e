"""The dashboards' source: `python -m tools.dashboards` writes `dashboards/`, which Grafana and submeter's page read."""
