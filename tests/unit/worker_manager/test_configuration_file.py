"""The configuration file is read item by item; each fault has its text."""

import pytest

from tests.factories.configuration_files import Item, a_file, a_setting, a_worker, a_workflow_item
from worker_manager.configuration_file import (
    SETTING_KEY,
    UnreadableConfiguration,
    WorkerItem,
    WorkflowItem,
    read,
)

_LONG = "x" * 256


def _errors(item: Item) -> list[str]:
    (module,) = read(a_file(item))
    return module.errors


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
    ],
)
def test_it_says_what_is_wrong_with_a_worker_type(item: Item, error: str) -> None:
    assert _errors(item) == [error]


@pytest.mark.parametrize(
    ("item", "error"),
    [
        (
            a_workflow_item("", (1, "a")),
            "[NotBlank] workflowType is mandatory at workflowType: rejected value [].",
        ),
        (
            a_workflow_item(_LONG, (1, "a")),
            f"[Size] workflowType is limited to 255 characters at workflowType: rejected value [{_LONG}].",
        ),
        (a_workflow_item("wf"), "[Size] at least one step is expected at steps: rejected value [[]]."),
        (
            a_workflow_item("wf", steps=None),
            "[Size] at least one step is expected at steps: rejected value [null].",
        ),
        (
            a_workflow_item("wf", (1, "a"), (None, "b")),
            "[NotNull] stepNumber must be present at steps[1].stepNumber: rejected value [null].",
        ),
        (
            a_workflow_item("wf", (True, "a")),
            "[NotNull] stepNumber must be present at steps[0].stepNumber: rejected value [True].",
        ),
        (
            a_workflow_item("wf", (-1, "a")),
            "[Min] stepNumber must be a positive number at steps[0].stepNumber: rejected value [-1].",
        ),
        (
            a_workflow_item("wf", (1, "  ")),
            "[NotBlank] workerType must be present at steps[0].workerType: rejected value [  ].",
        ),
        (
            a_workflow_item("wf", (1, "w" * 129)),
            (
                "[Size] workerType is limited to 128 characters at steps[0].workerType: "
                f"rejected value [{'w' * 129}]."
            ),
        ),
    ],
)
def test_it_says_what_is_wrong_with_a_workflow(item: Item, error: str) -> None:
    (module,) = read(a_file(item))
    assert (module.errors, module.workflows_refused) == ([error], True)


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ({"name": "other", "value": "[]"}, "unknown setting, skipContentTypes is the only one"),
        ({"name": "skipContentTypes"}, "value must be a JSON array of strings inside a string, got None"),
        (
            {"name": "skipContentTypes", "value": "{"},
            "value must be a JSON array of strings inside a string, got '{'",
        ),
        (
            {"name": "skipContentTypes", "value": '{"a":1}'},
            "value must be a JSON array of strings inside a string, got '{\"a\":1}'",
        ),
        (
            {"name": "skipContentTypes", "value": "[1]"},
            "value must be a JSON array of strings inside a string, got '[1]'",
        ),
        (
            {"name": "skipContentTypes", "value": '["\\u0000"]'},
            "value must be a JSON array of strings inside a string, got '[\"\\\\u0000\"]'",
        ),
    ],
)
def test_it_says_what_is_wrong_with_a_setting(value: dict[str, object], cause: str) -> None:
    error = f"Failed to import dynamic tenant setting with name '{value['name']}'. Cause: {cause}"
    assert _errors({"key": SETTING_KEY, "value": value}) == [error]


def test_it_reports_every_fault_of_an_item() -> None:
    assert len(_errors(a_workflow_item("", (-1, ""), (None, "b")))) == 4


@pytest.mark.parametrize(
    "item", [{}, {"key": "java.lang.Runtime", "value": {}}, {"key": SETTING_KEY, "value": []}, 7]
)
def test_it_refuses_items_it_does_not_know(item: Item) -> None:
    assert _errors(item)[0].startswith("Item 0 is refused: key ")


def test_it_reads_a_worker_type() -> None:
    (module,) = read(a_file(a_worker("w", inputs=["b", "a", "b"], contentTypeOutput="c", keepErrors=False)))
    assert module.workers == [WorkerItem(worker_type="w", inputs=("b", "a"), output="c", keep_errors=False)]


def test_it_reads_a_workflow_in_the_order_of_its_numbers() -> None:
    (module,) = read(a_file(a_workflow_item("wf", (5, "b"), (0, "a"))))
    assert module.workflows == [
        WorkflowItem(workflow_type="wf", steps=((0, "a"), (5, "b")), keep_errors=True)
    ]


@pytest.mark.parametrize("keep", [None, True])
def test_it_keeps_errors_unless_told_otherwise(keep: object) -> None:
    (module,) = read(a_file(a_worker("w", keepErrors=keep)))
    assert module.workers[0].keep_errors


def test_it_reads_a_setting_inside_its_string() -> None:
    (module,) = read(a_file(a_setting("a", "b")))
    assert module.skipped_content_types == [["a", "b"]]


def test_it_counts_every_item_and_knows_whether_to_reset() -> None:
    (module,) = read(a_file(a_worker("w"), a_worker(""), reset=True))
    assert (module.total, module.reset, len(module.errors)) == (2, True, 1)


@pytest.mark.parametrize(
    "document", [b"", b"{", b"null", b"[]", b"{}", b'{"modules":7}', b"[" * 100_000, b"\xff\xfe"]
)
def test_it_refuses_what_is_no_configuration_file(document: bytes) -> None:
    with pytest.raises(UnreadableConfiguration):
        read(document)


def test_it_refuses_a_module_without_a_list_of_items() -> None:
    with pytest.raises(UnreadableConfiguration, match="configuration must be an array"):
        read(b'{"modules":[{"module":{"id":"workermanager"},"configuration":{}}]}')


@pytest.mark.parametrize("module", ['{"module":{"id":"ingest"}}', "{}", "7", '{"module":7}'])
def test_it_passes_over_modules_of_others(module: str) -> None:
    assert read(f'{{"modules":[{module}]}}'.encode()) == []
