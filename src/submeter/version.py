"""The version of submeter, for telemetry and messages; `pyproject.toml` states the same."""

VERSION = "0.1.0"
