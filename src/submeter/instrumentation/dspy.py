"""DSPy: the stack of modules at work is kept in its settings. The program is the agent, the module within the step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter.context import Said
from submeter.shapes.framework import Framework, Tell, Work, nothing, text
from submeter.shapes.tools import Tool, passed

if TYPE_CHECKING:
    from collections.abc import Mapping


def _reads(settings: Any) -> Said | None:
    # Outside of every module, a program may still call a model through DSPy; nobody tells it is at work then.
    modules: list[Any] = settings.caller_modules or []
    if not modules:
        return None
    names = [type(module).__name__ for module in modules]
    return Said(agent="" if len(names) == 1 else names[0], step=names[-1])


def _tool(arguments: Mapping[str, Any]) -> Tool:
    tool = arguments["self"]
    return Tool(name=text(tool.name), description=text(tool.desc), arguments=passed(arguments))


FRAMEWORK = Framework(
    package="dspy",
    name="dspy",
    gives={"agent": "class of the outermost module", "step": "class of the innermost module"},
    tell=Tell(source="dspy.dsp.utils.settings:settings", reads=_reads),
    works=tuple(
        Work(target=f"dspy.adapters.types.tool:Tool.{name}", says=nothing, tool=_tool) for name in ("__call__", "acall")
    ),
)
