"""The state diagrams of the documentation, drawn from the tables."""

from __future__ import annotations

from collections.abc import Mapping

from queue_server.domain import counter, ticket, visit


def ticket_diagram() -> str:
    """The ticket's states as a Mermaid diagram. Events that never change the state are left out."""
    lines = ["stateDiagram-v2"]
    for event, (sources, target) in ticket.TRANSITIONS.items():
        if event == "undone" or (sources and target is None):
            continue
        if not sources:
            lines.append(f"    [*] --> {target}: {event}")
        for source in (state for state in visit.STATES if state in sources):
            reached = ticket.CLOSED_BY_SYSTEM[source] if target == "?" else target
            if reached != source:
                lines.append(f"    {source} --> {reached}: {event}")
    return "\n".join(lines)


def counter_diagram() -> str:
    """The counter's states as a Mermaid diagram."""
    return "\n".join(["stateDiagram-v2", "    [*] --> closed", *_arrows(counter.TRANSITIONS, counter.STATES)])


def _arrows(table: Mapping[str, tuple[frozenset[str], str | None]], states: tuple[str, ...]) -> list[str]:
    return [
        f"    {source} --> {target}: {event.partition('.')[2]}"
        for event, (sources, target) in table.items()
        for source in states
        if source in sources and target is not None
    ]


def blocks() -> str:
    """Both diagrams as they stand in `docs/architecture.md`."""
    return f"```mermaid\n{ticket_diagram()}\n```\n\n```mermaid\n{counter_diagram()}\n```"
