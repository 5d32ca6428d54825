"""Copies of a chain's first message differ by their ids only."""

import json

from bench.chain.messages import ChainTemplate
from bench.chain.names import STEPS


def test_it_names_the_same_three_tasks_in_every_copy() -> None:
    message = ChainTemplate(argument={"content": "x"}, results="none").message()
    links = [link["task"] for link in json.loads(message.body)[2]["chain"]]
    assert [message.headers["task"], *reversed(links)] == list(STEPS)


def test_it_gives_every_copy_ids_of_its_own() -> None:
    template = ChainTemplate(argument={"content": "x"}, results="stored")
    first, second = template.message(), template.message()
    assert first.root_id == first.headers["root_id"] == first.headers["id"]
    assert not _ids(first.body) & _ids(second.body)


def _ids(body: str) -> set[str]:
    return {link["options"]["task_id"] for link in json.loads(body)[2]["chain"]}
