from workers.contract import names


def test_it_lowers_the_type_in_queue_names_only() -> None:
    assert names.request_queue("UnZip") == "regards.worker.unzip.request"
    assert names.task_queue("UnZip") == "regards.worker.unzip.task"
    assert names.task_name("UnZip") == "regards.worker.UnZip"
