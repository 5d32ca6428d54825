"""Every queue that the platform declares to be consumed has a consumer."""

import ast

import pytest

from tests.architecture import tree

_CONSUMERS = (
    "worker_manager/consumers",
    "regards_processing/processing/consumers",
    "regards_processing/kernel/tenancy",
    "regards_processing/kernel/bridge",
)
_TOPOLOGY = tree.ROOT / "regards_processing" / "kernel" / "amqp" / "topology.py"


def _consumed_queues() -> list[str]:
    """Name the topology's functions that describe one queue for a consumer."""
    return [
        function.name
        for function in tree.functions(_TOPOLOGY)
        if not function.name.startswith("_")
        and isinstance(function.returns, ast.Name)
        and function.returns.id == "QueueSpec"
    ]


def _queues_with_a_consumer() -> set[str]:
    return {
        node.attr
        for path in tree.modules(*_CONSUMERS)
        for node in ast.walk(tree.syntax(path))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "topology"
    }


def test_it_finds_the_queues() -> None:
    assert {"requests", "answers", "heartbeats", "request_dead_letters"} <= set(_consumed_queues())


@pytest.mark.parametrize("queue", _consumed_queues())
def test_it_consumes_the_queue(queue: str) -> None:
    assert queue in _queues_with_a_consumer(), f"no consumer uses topology.{queue}"
