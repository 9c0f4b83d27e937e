"""The calls of a session as a tree: by parent span where spans tell, else by the operation the app named."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from submeter import semconv

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


_COST: Final = "cost_usd"
_OUTPUT: Final = "output_tokens"


@dataclass(slots=True, eq=False)
class Node:
    """A call, a tool, a span around them, or an operation that groups calls. `row` is the answer's, if it has one."""

    label: str
    row: Mapping[str, Any] = field(default_factory=dict[str, Any])
    is_call: bool = False
    children: list[Node] = field(default_factory=list["Node"])

    @property
    def started(self) -> str:
        """ISO time of its own start, else of its first child's."""
        return str(self.row.get("ts") or (self.children[0].started if self.children else ""))

    @property
    def is_leaf(self) -> bool:
        """Whether it is what the tree is drawn for, a call or a tool, and not what is around these."""
        return self.is_call or bool(self.row.get("tool"))

    @property
    def has_sums(self) -> bool:
        """Whether its numbers are its own: a call's, or sums that no single child shows as well."""
        return self.is_call or sum(any(True for _ in child.calls()) for child in self.children) > 1

    def calls(self) -> Iterator[Mapping[str, Any]]:
        """The rows of all calls at and beneath this node."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            if node.is_call:
                yield node.row
            waiting += node.children

    def total(self, name: str) -> tuple[float | None, bool]:
        """The sum of a number over all calls, and whether some call does not know its own."""
        rows = list(self.calls())
        found = [row[name] for row in rows if row.get(name) is not None]
        lacks = _lacks_cost if name == _COST else partial(_lacks_count, name=name)
        return (sum(found) if found else None), bool(found) and any(lacks(row) for row in rows)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a drawn tree: what stands before the label, and the node."""

    prefix: str
    node: Node


def grown(calls: Sequence[Mapping[str, Any]], spans: Iterable[Mapping[str, Any]] = ()) -> list[Node]:
    """The roots of the tree, in order of time. Spans without any call or tool beneath them are left out."""
    nodes = {_id(row): Node(_span_label(row), row) for row in spans}
    nodes |= {_id(row): Node(_call_label(row), row, is_call=True) for row in calls}
    roots: list[Node] = []
    for (trace, _), node in _with_leaves(nodes).items():
        parent = nodes.get((trace, str(node.row.get("parent_span_id", ""))))
        if parent is None or _is_beneath(parent, node, nodes):
            roots.append(node)
        else:
            parent.children.append(node)
    return _sorted(_grouped(roots))


def drawn(roots: Sequence[Node], *, is_ascii: bool = False) -> list[Line]:
    """The tree as lines, parents before children."""
    branch, last, through = ("|- ", "`- ", "|  ") if is_ascii else ("├─ ", "└─ ", "│  ")
    lines: list[Line] = []
    waiting = [(root, "", "") for root in reversed(roots)]
    while waiting:
        node, own, below = waiting.pop()
        lines.append(Line(own, node))
        for position, child in enumerate(reversed(node.children)):
            is_last = position == 0
            waiting.append((child, below + (last if is_last else branch), below + ("   " if is_last else through)))
    return lines


def _with_leaves(nodes: Mapping[tuple[str, str], Node]) -> dict[tuple[str, str], Node]:
    """The calls, the tools, and whatever is above them."""
    kept: dict[tuple[str, str], Node] = {}
    for key, node in nodes.items():
        above: tuple[str, str] = key
        while node.is_leaf and above in nodes and above not in kept:
            kept[above] = nodes[above]
            above = (above[0], str(nodes[above].row.get("parent_span_id", "")))
    return kept


def lacks_usage(call: Mapping[str, Any]) -> bool:
    """Whether a call reported no token count at all though it used some; one that failed at once used none."""
    is_used = not call.get("error_type") or bool(call.get("partial"))
    return call.get("input_tokens") is None and call.get(_OUTPUT) is None and is_used


def _lacks_cost(call: Mapping[str, Any]) -> bool:
    is_known = call.get("input_tokens") is not None or call.get(_OUTPUT) is not None
    return call.get(_COST) is None and (is_known or lacks_usage(call))


def _lacks_count(call: Mapping[str, Any], name: str) -> bool:
    """Whether a call's count is missing; embeddings have no output tokens, so those are not."""
    is_missing = call.get(name) is None and not call.get("error_type")
    return is_missing and (call.get("kind"), name) != (semconv.KIND_EMBEDDINGS, _OUTPUT)


def _id(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row.get("trace_id", "")), str(row.get("span_id", ""))


def _is_beneath(node: Node, other: Node, nodes: Mapping[tuple[str, str], Node]) -> bool:
    """Whether `node` descends from `other`: parents that form a ring would hide their calls."""
    seen: set[int] = set()
    current: Node | None = node
    while current is not None and id(current) not in seen:
        if current is other:
            return True
        seen.add(id(current))
        trace, _ = _id(current.row)
        current = nodes.get((trace, str(current.row.get("parent_span_id", ""))))
    return current is not None


def _span_label(row: Mapping[str, Any]) -> str:
    return f"tool {row['tool']}" if row.get("tool") else str(row.get("name") or "span")


def _call_label(row: Mapping[str, Any]) -> str:
    return str(row.get("step") or row.get("kind") or "call")


def _grouped(roots: list[Node]) -> list[Node]:
    """Puts calls that have no span above them under the operation the app named for them."""
    groups: dict[str, Node] = {}
    grouped: list[Node] = []
    for root in roots:
        operation = str(root.row.get("operation", "")) if root.is_call else ""
        if not operation:
            grouped.append(root)
            continue
        if operation not in groups:
            groups[operation] = Node(operation)
            grouped.append(groups[operation])
        groups[operation].children.append(root)
    return grouped


def _sorted(nodes: list[Node]) -> list[Node]:
    """Sorts every level by time, the deepest first, because a group starts when its first child does."""
    levels, waiting = [nodes], [nodes]
    while waiting:
        below = [node.children for node in waiting.pop() if node.children]
        levels += below
        waiting += below
    for level in reversed(levels):
        level.sort(key=lambda node: node.started)
    return nodes
