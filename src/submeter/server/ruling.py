"""Ruling: which rules and sinks are in force: the rules file, the variables, and limits put over REST.

A limit that was put replaces the file's of the same name until it is taken back; those are kept in the data
folder. A rules file that changes for the worse leaves everything as it was, and one line in the log.
"""

from __future__ import annotations

import json
import logging
import os
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter, ValidationError

from submeter import settings
from submeter.evaluator.limit import LimitRule
from submeter.evaluator.reload import RuleSource
from submeter.evaluator.rulefile import beside_settings
from submeter.evaluator.rulemodels import Limit
from submeter.evaluator.shortcuts import rules_from_settings
from submeter.evaluator.sinkmodels import Alertmanager, Webhook
from submeter.server.sinks import Sink, SinkSettingError, built

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from submeter.evaluator.rules import Rule
    from submeter.evaluator.sinkmodels import Described

_log = logging.getLogger("submeter.server")
FILE_NAME: Final = "limits.json"
_FILE_MODE: Final = 0o600
_PUT: Final = TypeAdapter(dict[str, Limit])


class Ruling:
    """The rules and sinks of one process.

    Raises:
        RuleFileError: the rules file cannot be used.
        SettingError: a variable cannot be used.
        SinkSettingError: a sink's variable is not set.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._source = RuleSource(path) if (path := settings.rules_file()) else None
        self._zone = settings.time_zone()
        self._put = self._read()
        self.sinks: list[Sink] = built(self._described())
        self.rules: tuple[Rule, ...] = self._ruled()

    @property
    def put_names(self) -> frozenset[str]:
        """The names of the limits that were put over REST."""
        return frozenset(self._put)

    def poll(self) -> bool:
        """Reads the rules file if it has changed; whether other rules or sinks are in force now."""
        if self._source is None:
            return False
        error = self._source.error
        is_new = self._source.poll()
        if self._source.error and self._source.error != error:
            _log.error("%s", self._source.error)
        if not is_new:
            return False
        try:
            sinks = built(self._described())
        except SinkSettingError as error:
            _log.error("%s; the sinks of before stay", error)
        else:
            self.sinks = sinks
        self.rules = self._ruled()
        _log.info("new rules are in force: %s", ", ".join(rule.name for rule in self.rules))
        return True

    def put(self, limit: Limit) -> None:
        """Puts a limit in force, in the place of any other of its name.

        Raises:
            ValueError: its parts do not go together, or its name is that of another kind of rule.
            OSError: it cannot be written down; nothing has changed.
        """
        limit.rule(self._zone)
        if any(rule.name == limit.name and not isinstance(rule, LimitRule) for rule in self.rules):
            raise ValueError(f"a rule named {limit.name!r} is there already and is no limit: choose another name")
        self._change({**self._put, limit.name: limit})

    def take_back(self, name: str) -> bool:
        """Takes back a limit that was put, so that the file's of that name holds again; whether there was one.

        Raises:
            OSError: it cannot be written down; nothing has changed.
        """
        if name not in self._put:
            return False
        self._change({other: limit for other, limit in self._put.items() if other != name})
        return True

    def _change(self, limits: Mapping[str, Limit]) -> None:
        draft = self._path.with_name(f".{FILE_NAME}")
        draft.unlink(missing_ok=True)
        draft.touch(_FILE_MODE)
        with draft.open("wb") as file:
            file.write(_PUT.dump_json(dict(limits), exclude_defaults=True))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        self._put = dict(limits)
        self.rules = self._ruled()

    def _read(self) -> dict[str, Limit]:
        try:
            return _PUT.validate_json(self._path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (OSError, ValidationError) as error:
            _log.error("the limits in %s cannot be read and do not hold: %s", self._path, error)
            return {}

    def _ruled(self) -> tuple[Rule, ...]:
        rules = rules_from_settings() if self._source is None else beside_settings(self._source.rules)
        put = tuple(limit.rule(self._zone) for limit in self._put.values())
        return (*(rule for rule in rules if rule.name not in self._put), *put)

    def _described(self) -> list[Described]:
        written = [] if self._source is None else list(self._source.sinks)
        names = {sink.name for sink in written}
        return [*written, *(sink for sink in sinks_from_settings() if sink.name not in names)]


def sinks_from_settings() -> list[Described]:
    """The sinks that variables ask for: a webhook, Slack, Alertmanager.

    Raises:
        SettingError: an address cannot be used.
    """
    asked: tuple[tuple[str, type[Webhook | Alertmanager], dict[str, Any]], ...] = (
        ("SUBMETER_WEBHOOK_URL", Webhook, {"name": "webhook", "kind": "webhook", "secret_from": _secret()}),
        ("SUBMETER_SLACK_URL", Webhook, {"name": "slack", "kind": "webhook", "form": "slack"}),
        ("SUBMETER_ALERTMANAGER_URL", Alertmanager, {"name": "alertmanager", "kind": "alertmanager"}),
    )
    made: list[Described] = []
    for variable, model, fields in asked:
        if url := settings.variable(variable):
            try:
                made.append(model(url=url, **fields))
            except ValidationError as error:
                message = json.loads(error.json())[0]["msg"].removeprefix("Value error, ")
                raise settings.SettingError(f"{variable}={url!r}: {message}") from None
    return made


def _secret() -> str | None:
    return "SUBMETER_WEBHOOK_SECRET" if settings.variable("SUBMETER_WEBHOOK_SECRET") else None
