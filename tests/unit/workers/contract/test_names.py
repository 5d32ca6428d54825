import pytest

from workers.contract import names


def test_it_lowers_the_type_in_queue_names_only() -> None:
    assert names.request_queue("UnZip") == "regards.worker.unzip.request"
    assert names.task_queue("UnZip") == "regards.worker.unzip.task"
    assert names.task_name("UnZip") == "regards.worker.UnZip"


@pytest.mark.parametrize(
    ("worker_type", "can"), [("w" * 128, True), ("é" * 116, True), ("é" * 117, False), ("İ" * 78, False)]
)
def test_it_knows_which_types_can_have_queues(worker_type: str, *, can: bool) -> None:
    assert names.can_have_queues(worker_type) is can
