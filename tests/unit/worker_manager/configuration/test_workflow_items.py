"""Workflows of a configuration file are checked; each fault has its text."""

import pytest

from regards_processing.kernel.configuration.faults import Fault, InvalidItem
from tests.factories.configuration_files import Item, a_workflow_item
from worker_manager.configuration.workflow_items import WorkflowItem, read_workflow
from worker_manager.configuration.workflow_steps import WorkflowStep
from worker_manager.policy import Policy
from workers.contract.conditions import Condition
from workers.contract.repetition import Repeat

_LONG = "x" * 256


def _faults(item: Item) -> list[Fault]:
    with pytest.raises(InvalidItem) as refused:
        read_workflow(item["value"])
    return list(refused.value.faults)


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
        (
            a_workflow_item("wf", (1, "é" * 128)),
            (
                "[Size] workerType must fit into the name of a queue at steps[0].workerType: "
                f"rejected value [{'é' * 128}]."
            ),
        ),
        (
            a_workflow_item("wf", (1, ["a"])),
            (
                "[Size] workerTypes must name 2 to 16 worker types at steps[0].workerTypes: "
                "rejected value [['a']]."
            ),
        ),
        (
            a_workflow_item("wf", (1, ["a", ""])),
            "[NotBlank] workerType must be present at steps[0].workerTypes[1]: rejected value [].",
        ),
        (
            a_workflow_item("wf", steps=[{"stepNumber": 1, "workerType": "a", "workerTypes": ["b", "c"]}]),
            (
                "[Null] workerType must be absent beside workerTypes at steps[0].workerType: "
                "rejected value [a]."
            ),
        ),
        (
            a_workflow_item("wf", steps=[{"stepNumber": 1, "workerType": "a", "contentTypeOutput": "x"}]),
            (
                "[Null] contentTypeOutput goes with workerTypes only at steps[0].contentTypeOutput: "
                "rejected value [x]."
            ),
        ),
    ],
)
def test_it_says_what_is_wrong_with_a_workflow(item: Item, error: str) -> None:
    assert [fault.text for fault in _faults(item)] == [error]


@pytest.mark.parametrize("number", [1.5, "1", 2**31])
def test_it_names_the_field_and_what_is_allowed(number: object) -> None:
    (fault,) = _faults(a_workflow_item("wf", (1, "a"), (number, "b")))
    assert (fault.field, fault.allowed) == ("steps[1].stepNumber", "a whole number from 0 to 2147483647")


def test_it_names_every_fault() -> None:
    assert len(_faults(a_workflow_item("", (-1, ""), (None, "b")))) == 4


def test_it_refuses_a_step_that_is_no_object() -> None:
    assert len(_faults(a_workflow_item("wf", steps=[7]))) == 2


def test_it_reads_a_workflow_in_the_order_of_its_numbers() -> None:
    item = a_workflow_item("wf", (5, "b"), (0.0, "a"), later="anything")
    assert read_workflow(item["value"]) == WorkflowItem(
        workflow_type="wf", steps=(WorkflowStep(0, ("a",)), WorkflowStep(5, ("b",))), keep_errors=True
    )


def test_it_reads_what_it_writes() -> None:
    steps = (
        WorkflowStep(1, ("a",)),
        WorkflowStep(2, ("b", "c"), policy=Policy(max_attempts=2)),
        WorkflowStep(3, ("b", "b"), "both"),
        WorkflowStep(4, ("d",), condition=Condition("acme.kind", ("raster",), excluded=True)),
        WorkflowStep(5, ("e",), repeat=Repeat(condition=Condition("fit", ("poor",)), most=9, back_to=3)),
    )
    item = WorkflowItem(workflow_type="wf", steps=steps, keep_errors=False, keep_headers=True)
    assert read_workflow(item.to_value()) == item


def test_it_reads_a_parallel_step_in_the_order_of_its_members() -> None:
    item = a_workflow_item("wf", (1, ["b", "a", "b"]), (2, "c"))
    assert read_workflow(item["value"]).steps[0] == WorkflowStep(1, ("b", "a", "b"))


def test_it_refuses_more_members_than_there_may_be() -> None:
    (fault,) = _faults(a_workflow_item("wf", (1, ["a"] * 17)))
    assert (fault.field, fault.allowed) == ("steps[0].workerTypes", "an array of 2 to 16 texts")


@pytest.mark.parametrize(
    ("condition", "field", "text"),
    [
        ("x", "steps[1].onlyIf", "[Type] an object is expected"),
        ({"header": "h", "in": ["x"], "like": 1}, "steps[1].onlyIf.like", "[Unknown] like is not known"),
        ({"header": "h"}, "steps[1].onlyIf", "[Size] either in or notIn is expected"),
        ({"header": "h", "in": ["x"], "notIn": ["y"]}, "steps[1].onlyIf", "[Size] either in or notIn is"),
        ({"in": ["x"]}, "steps[1].onlyIf.header", "[NotBlank] header must be present"),
        ({"header": 7, "in": ["x"]}, "steps[1].onlyIf.header", "[Type] a text without NUL is expected"),
        ({"header": "regards.tenant", "in": ["x"]}, "steps[1].onlyIf.header", "[Pattern] no worker can set"),
        ({"header": "h", "in": []}, "steps[1].onlyIf.in", "[Size] an array of 1 to 100 texts is expected"),
        ({"header": "h", "notIn": "x"}, "steps[1].onlyIf.notIn", "[Size] an array of 1 to 100 texts"),
        ({"header": "h", "in": ["x", None]}, "steps[1].onlyIf.in[1]", "[NotNull] a text is expected"),
        ({"header": "h", "in": ["x" * 256]}, "steps[1].onlyIf.in[0]", "[Size] in[0] is limited to 255"),
    ],
)
def test_it_says_what_is_wrong_with_a_condition(condition: object, field: str, text: str) -> None:
    steps = [{"stepNumber": 1, "workerType": "a"}, {"stepNumber": 2, "workerType": "b", "onlyIf": condition}]
    (fault,) = _faults(a_workflow_item("wf", steps=steps))
    assert fault.field == field
    assert fault.text.startswith(text)


def test_it_always_takes_the_first_step() -> None:
    condition = {"header": "h", "in": ["x"]}
    steps = [{"stepNumber": 2, "workerType": "b"}, {"stepNumber": 1, "workerType": "a", "onlyIf": condition}]
    (fault,) = _faults(a_workflow_item("wf", steps=steps))
    assert fault.text.startswith("[Null] the first step is always taken: no answer comes before it")
    assert fault.field == "steps[1].onlyIf"


def test_it_refuses_the_condition_of_a_parallel_step() -> None:
    parallel = {"stepNumber": 2, "workerTypes": ["b", "c"], "onlyIf": {"header": "h", "in": ["x"]}}
    (fault,) = _faults(a_workflow_item("wf", steps=[{"stepNumber": 1, "workerType": "a"}, parallel]))
    assert fault.text.startswith("[Null] onlyIf goes with workerType only")


_LOOP = {"while": {"header": "h", "in": ["x"]}, "most": 3}


@pytest.mark.parametrize(
    ("repeat", "field", "text"),
    [
        ("x", "", "[Type] an object is expected at steps[1].repeat: rejected value [x]."),
        ({**_LOOP, "until": 1}, ".until", "[Unknown] until is not known"),
        ({"most": 3}, ".while", "[NotNull] while must be present"),
        ({**_LOOP, "while": {"header": "h"}}, ".while", "[Size] either in or notIn is expected"),
        ({**_LOOP, "most": None}, ".most", "[NotNull] most must be present"),
        ({**_LOOP, "most": 1}, ".most", "[Range] a whole number from 2 to 1000 is expected"),
        ({**_LOOP, "most": 1001}, ".most", "[Range] a whole number from 2 to 1000 is expected"),
        ({**_LOOP, "most": 2.5}, ".most", "[Range] a whole number from 2 to 1000 is expected"),
        ({**_LOOP, "from": -1}, ".from", "[Min] the number of this step or of an earlier one is expected"),
        ({**_LOOP, "from": "1"}, ".from", "[Min] the number of this step or of an earlier one is expected"),
        ({**_LOOP, "goOn": "yes"}, ".goOn", "[Type] true or false is expected"),
        ({**_LOOP, "from": 3}, ".from", "[Range] step 2 can be repeated from itself or an earlier step only"),
        ({**_LOOP, "from": 0}, ".from", "[Range] step 2 can be repeated from itself or an earlier step only"),
    ],
)
def test_it_says_what_is_wrong_with_a_loop(repeat: object, field: str, text: str) -> None:
    steps = [
        {"stepNumber": 1, "workerType": "a"},
        {"stepNumber": 2, "workerType": "b", "repeat": repeat},
        {"stepNumber": 3, "workerType": "c"},
    ]
    (fault,) = _faults(a_workflow_item("wf", steps=steps))
    assert fault.field == f"steps[1].repeat{field}"
    assert fault.text.startswith(text)


def test_it_names_the_steps_that_a_loop_can_begin_with() -> None:
    steps = [
        {"stepNumber": 20, "workerType": "b", "repeat": {**_LOOP, "from": 15}},
        {"stepNumber": 10, "workerType": "a"},
    ]
    (fault,) = _faults(a_workflow_item("wf", steps=steps))
    assert fault.allowed == "a step number up to 20, which are 10, 20"


@pytest.mark.parametrize(
    ("loops", "field", "told"),
    [
        ({2: 1, 3: 2}, "steps[2].repeat.from", "the loop of steps 1 to 2 has steps of this one"),
        ({2: 2, 4: 1}, "steps[3].repeat.from", "the loop of steps 2 to 2 has steps of this one"),
        ({3: 1, 4: 3}, "steps[3].repeat.from", "the loop of steps 1 to 3 has steps of this one"),
    ],
)
def test_it_refuses_loops_that_share_a_step(loops: dict[int, int], field: str, told: str) -> None:
    steps = [
        {"stepNumber": number, "workerType": "a"}
        | ({"repeat": {**_LOOP, "from": loops[number]}} if number in loops else {})
        for number in (1, 2, 3, 4)
    ]
    (fault,) = _faults(a_workflow_item("wf", steps=steps))
    assert (fault.field, told in fault.text) == (field, True)


def test_it_takes_loops_that_follow_each_other() -> None:
    steps = [
        {"stepNumber": 1, "workerType": "a", "repeat": {**_LOOP, "from": 1}},
        {"stepNumber": 2, "workerTypes": ["b", "c"]},
        {"stepNumber": 3, "workerType": "a", "repeat": {**_LOOP, "from": 2.0, "goOn": True}},
    ]
    read = read_workflow(a_workflow_item("wf", steps=steps)["value"]).steps
    assert [step.repeat and step.repeat.back_to for step in read] == [1, None, 2]


def test_it_refuses_the_loop_of_a_parallel_step() -> None:
    parallel = {"stepNumber": 2, "workerTypes": ["b", "c"], "repeat": _LOOP}
    (fault,) = _faults(a_workflow_item("wf", steps=[{"stepNumber": 1, "workerType": "a"}, parallel]))
    assert fault.text.startswith("[Null] repeat goes with workerType only at steps[1].repeat")


@pytest.mark.parametrize(("given", "kept"), [(True, True), (False, False), (None, False)])
def test_it_reads_whether_headers_are_kept(given: object, *, kept: bool) -> None:
    item = read_workflow(a_workflow_item("wf", (1, "a"), keepHeaders=given)["value"])
    assert (item.keep_headers, "keepHeaders" in item.to_value()) == (kept, kept)


def test_it_refuses_other_wishes_about_headers() -> None:
    (fault,) = _faults(a_workflow_item("wf", (1, "a"), keepHeaders="all"))
    assert (fault.field, fault.allowed) == ("keepHeaders", "true or false")
