"""The doctor looks at the embedded broker as well; what it has not is told, and is no fault."""

from pathlib import Path

import pytest
from pytest_django import Settings

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import address_from_settings
from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.amqp.publisher import Publisher
from regards_processing.kernel.amqp.relocation import NothingToRelocate, definition_to_replace
from regards_processing.kernel.doctor import broker
from regards_processing.kernel.doctor.checks import Look
from regards_processing.kernel.doctor.findings import Outcome
from tests.factories.audit import NOON

_SHARED = topology.shared_topology()


@pytest.fixture(autouse=True)
def _embedded(settings: Settings, tmp_path: Path) -> None:
    settings.BROKER_URL, settings.BROKER_FOLDER = "", tmp_path / "broker"


@pytest.fixture
def publisher() -> Publisher:
    return Publisher(address=address_from_settings())


def _found(look: Look) -> list[tuple[Outcome, str]]:
    return [(finding.outcome, finding.found) for finding in look(NOON)]


def test_it_names_the_folder(tmp_path: Path) -> None:
    ((outcome, words),) = _found(broker.reachable)
    assert (outcome, str(tmp_path) in words) == (Outcome.OK, True)


def test_it_finds_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "broker").touch()
    assert [outcome for outcome, _ in _found(broker.reachable)] == [Outcome.FAILED]


def test_it_passes_a_message_and_leaves_nothing(tmp_path: Path) -> None:
    assert [outcome for outcome, _ in _found(broker.passes_messages)] == [Outcome.OK]
    assert list((tmp_path / "broker" / "messages").iterdir()) == []


def test_it_says_what_is_not_declared_yet() -> None:
    assert [outcome for outcome, _ in _found(broker.queues)] == [Outcome.SKIPPED]
    assert _found(broker.bindings) == [(Outcome.SKIPPED, "No queue is declared yet")]


def test_it_is_content_with_what_a_publisher_declares(publisher: Publisher) -> None:
    publisher.publish_all([Outbound(exchange=topology.REQUEST_EXCHANGE, headers={}, body=b"{}")])
    assert (Outcome.OK, f"{len(_SHARED.queues)} queues are as the contract says") in _found(broker.queues)
    routes = [route for route in _SHARED.bindings if not route.when]
    assert _found(broker.bindings) == [(Outcome.OK, f"{len(routes)} routes are there")]
    assert [outcome for outcome, _ in _found(broker.consumers)] == [Outcome.SKIPPED, Outcome.WARNING]


def test_it_finds_a_missing_route(publisher: Publisher, tmp_path: Path) -> None:
    publisher.publish_all([Outbound(exchange=topology.REQUEST_EXCHANGE, headers={}, body=b"{}")])
    (tmp_path / "broker" / "control" / f"{topology.REQUEST_EXCHANGE}.exchange").write_text("[]")
    (finding,) = broker.bindings(NOON)
    assert finding.outcome == Outcome.FAILED
    assert finding.facts["queue"] == topology.REQUEST_QUEUE


def test_it_counts_dead_letters(publisher: Publisher) -> None:
    publisher.publish_all([Outbound(exchange="", routing_key="regards.DLQ", headers={}, body=b"{}")])
    assert _found(broker.dead_letters) == [(Outcome.WARNING, "1 dead letters in regards.DLQ")]


def test_it_has_no_arguments_that_could_differ() -> None:
    with pytest.raises(NothingToRelocate, match="embedded broker"):
        definition_to_replace(queue=topology.answers(), address=address_from_settings())
