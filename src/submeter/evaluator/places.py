"""Places: where in a YAML file a value stands, so that an error can name the line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Sequence


class Document:
    """A YAML document: its plain `content`, and the line of each of its parts.

    Raises:
        ValueError: the text is not YAML, or names a key twice; the message names the line.
    """

    def __init__(self, text: str) -> None:
        try:
            self._root, content = _loaded(text)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = f"line {mark.line + 1}: " if mark else ""
            raise ValueError(f"{line}not YAML: {error.problem or error.context}") from None
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise ValueError(f"not YAML: {error}") from None
        self.content: Any = {} if content is None else content
        self.is_mapping = isinstance(self.content, dict)
        twice = _twice(self._root)
        if twice:
            raise ValueError(twice)

    def line(self, path: Sequence[str | int]) -> int:
        """The line, from 1, on which the value at `path` stands, or its nearest known parent."""
        node = self._root
        line = 1
        for step in path:
            node = _child(node, step)
            if node is None:
                break
            line = node.start_mark.line + 1
        return line


def _loaded(text: str) -> tuple[yaml.Node | None, Any]:
    """The document's node and its plain content, by the fast loader where the library has it."""
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        root: yaml.Node | None = loader.get_single_node()
        return root, None if root is None else loader.construct_document(root)
    finally:
        loader.dispose()


def _child(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step]
    return None


def _twice(root: yaml.Node | None) -> str:
    """The first key that a mapping names twice, as a message; YAML itself would keep the last silently."""
    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            keys: set[str] = set()
            for key, value in node.value:
                if key.value in keys:
                    return f"line {key.start_mark.line + 1}: {key.value!r} is there twice"
                keys.add(key.value)
                waiting.append(value)
    return ""
