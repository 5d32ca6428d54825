"""Worker types of a configuration file are checked; each fault has its text."""

import pytest

from regards_processing.kernel.configuration.faults import Fault, InvalidItem
from tests.factories.configuration_files import Item, a_worker
from worker_manager.configuration.worker_items import WorkerItem, read_worker
from worker_manager.policy import UNSET, Failure, Policy

_LONG = "x" * 256


def _faults(item: Item) -> list[Fault]:
    with pytest.raises(InvalidItem) as refused:
        read_worker(item["value"])
    return list(refused.value.faults)


@pytest.mark.parametrize(
    ("item", "error"),
    [
        (
            a_worker(" "),
            "[NotBlank] Invalid worker conf with empty name at workerType: rejected value [ ].",
        ),
        (
            a_worker("w", workerType=None),
            "[NotBlank] Invalid worker conf with empty name at workerType: rejected value [null].",
        ),
        (
            a_worker("w" * 129),
            f"[Size] workerType is limited to 128 characters at workerType: rejected value [{'w' * 129}].",
        ),
        (
            a_worker("é" * 128),
            (
                "[Size] workerType must fit into the name of a queue at workerType: "
                f"rejected value [{'é' * 128}]."
            ),
        ),
        (
            a_worker("w", inputs=[]),
            (
                "[NotEmpty] WorkerConf cannot declare empty contentTypesIn list at contentTypeInputs: "
                "rejected value [[]]."
            ),
        ),
        (
            a_worker("w", contentTypeInputs=None),
            (
                "[NotEmpty] WorkerConf cannot declare empty contentTypesIn list at contentTypeInputs: "
                "rejected value [null]."
            ),
        ),
        (
            a_worker("w", inputs=["a", _LONG]),
            (
                "[Size] contentTypeInputs[1] is limited to 255 characters at contentTypeInputs[1]: "
                f"rejected value [{_LONG}]."
            ),
        ),
        (
            a_worker("w", contentTypeOutput=_LONG),
            (
                "[Size] contentTypeOutput is limited to 255 characters at contentTypeOutput: "
                f"rejected value [{_LONG}]."
            ),
        ),
        (
            a_worker("w", keepErrors="no"),
            "[Type] true or false is expected at keepErrors: rejected value [no].",
        ),
        (
            a_worker("w", workerType=7),
            "[Type] a text without NUL is expected at workerType: rejected value [7].",
        ),
        (
            a_worker("w", inputs=["nul \0"]),
            "[Type] a text without NUL is expected at contentTypeInputs[0]: rejected value [nul ].",
        ),
        (
            a_worker("w", contentTypeOutput="half \ud800"),
            "[Type] a text without NUL is expected at contentTypeOutput: rejected value [half ?].",
        ),
        (
            a_worker("w", maxInFlight=0),
            "[Range] a whole number from 1 to 2147483647 is expected at maxInFlight: rejected value [0].",
        ),
        (
            a_worker("w", maxInFlight=2.5),
            "[Range] a whole number from 1 to 2147483647 is expected at maxInFlight: rejected value [2.5].",
        ),
        (
            a_worker("w", maxInFlight=True),
            "[Range] a whole number from 1 to 2147483647 is expected at maxInFlight: rejected value [True].",
        ),
        (
            a_worker("w", priority=256),
            "[Range] a whole number from 0 to 255 is expected at priority: rejected value [256].",
        ),
        (
            a_worker("w", priority="high"),
            "[Range] a whole number from 0 to 255 is expected at priority: rejected value [high].",
        ),
    ],
)
def test_it_says_what_is_wrong_with_a_worker_type(item: Item, error: str) -> None:
    assert [fault.text for fault in _faults(item)] == [error]


@pytest.mark.parametrize(
    ("item", "field", "allowed"),
    [
        (a_worker(" "), "workerType", "a text that is not blank"),
        (a_worker("w" * 129), "workerType", "a text of at most 128 characters"),
        (a_worker("w", inputs=[]), "contentTypeInputs", "an array of at least one text"),
        (a_worker("w", inputs=["a", _LONG]), "contentTypeInputs[1]", "a text of at most 255 characters"),
        (a_worker("w", keepErrors="no"), "keepErrors", "true or false"),
        (a_worker("w", priority=-1), "priority", "a whole number from 0 to 255"),
    ],
)
def test_it_names_the_field_and_what_is_allowed(item: Item, field: str, allowed: str) -> None:
    assert [(fault.field, fault.allowed) for fault in _faults(item)] == [(field, allowed)]


def test_it_names_every_fault() -> None:
    assert len(_faults(a_worker("", inputs=[], keepErrors=7, contentTypeOutput=7))) == 4


def test_it_reads_a_worker_type() -> None:
    item = a_worker("w", inputs=["b", "a", "b"], contentTypeOutput="c", keepErrors=False, later="anything")
    assert read_worker(item["value"]) == WorkerItem(
        worker_type="w", inputs=("b", "a"), output="c", keep_errors=False
    )


@pytest.mark.parametrize("keep", [{}, {"keepErrors": None}, {"keepErrors": True}])
def test_it_keeps_errors_unless_told_otherwise(keep: dict[str, object]) -> None:
    assert read_worker(a_worker("w")["value"] | keep).keep_errors


@pytest.mark.parametrize(("max_in_flight", "priority"), [(None, 0), (1, 255)])
def test_it_writes_what_is_ours_only_where_it_is_set(max_in_flight: int | None, priority: int) -> None:
    item = WorkerItem(
        worker_type="w",
        inputs=("a",),
        output=None,
        keep_errors=True,
        max_in_flight=max_in_flight,
        priority=priority,
    )
    assert read_worker(item.to_value()) == item
    assert ({"maxInFlight", "priority"} & item.to_value().keys() != set()) == (priority > 0)


def test_it_takes_a_whole_number_however_it_is_written() -> None:
    assert read_worker(a_worker("w", maxInFlight=4.0)["value"]).max_in_flight == 4


@pytest.mark.parametrize("output", [None, "c"])
@pytest.mark.parametrize("policy", [UNSET, Policy(run_timeout=5.0, retry_on=frozenset({Failure.ERROR}))])
def test_it_reads_what_it_writes(output: str | None, policy: Policy) -> None:
    item = WorkerItem(worker_type="w", inputs=("a", "b"), output=output, keep_errors=False, policy=policy)
    assert read_worker(item.to_value()) == item
    assert None not in item.to_value().values()
