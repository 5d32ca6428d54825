from pathlib import Path

import pytest

from workers.sdk import InvalidContent, RetryLater, WorkContext, WorkRequest, WorkResult, json_content
from workers.sdk.errors import InvalidCheckpoint, InvalidResult
from workers.sdk.testing import run_bulk, run_once


def test_it_runs_the_function_with_the_request() -> None:
    def work(request: WorkRequest, _context: WorkContext) -> WorkResult:
        return WorkResult.json(
            [request.tenant, request.content_type, dict(request.headers), len(request.content)]
        )

    result = run_once(work, content=b"abc", content_type="c", headers={"h": "v"}, tenant="t")
    assert result.content == b'["t","c",{"h":"v"},3]'


def test_it_gives_a_fresh_folder_and_removes_it() -> None:
    folders = []

    def work(_request: WorkRequest, context: WorkContext) -> WorkResult:
        folders.append(context.workdir)
        assert context.workdir == folders[0]
        assert list(context.workdir.iterdir()) == []
        (context.workdir / "sub").mkdir()
        return WorkResult()

    run_once(work)
    assert not folders[0].exists()


def test_it_keeps_the_storage_of_the_test(tmp_path: Path) -> None:
    def work(_request: WorkRequest, context: WorkContext) -> WorkResult:
        assert context.file_roots == (context.storage,)
        (context.storage / "out").write_bytes(b"kept")
        return WorkResult()

    run_once(work, storage=tmp_path / "storage")
    assert (tmp_path / "storage" / "out").read_bytes() == b"kept"


def test_it_captures_progress() -> None:
    def work(_request: WorkRequest, context: WorkContext) -> WorkResult:
        context.progress("reading")
        context.progress("writing", 49.6)
        context.progress("done", 250)
        return WorkResult()

    lines: list[str] = []
    run_once(work, progress=lines)
    assert lines == ["reading", "50 %: writing", "100 %: done"]


@pytest.mark.parametrize("error", [InvalidContent("no"), RetryLater(after=3, reason="busy"), KeyError("x")])
def test_it_lets_errors_through(error: Exception) -> None:
    def work(_request: WorkRequest, _context: WorkContext) -> WorkResult:
        raise error

    with pytest.raises(type(error)) as caught:
        run_once(work)
    assert caught.value is error


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (None, "must return a WorkResult, not NoneType"),
        (WorkResult(content="x"), "content must be bytes, not str"),  # type: ignore[arg-type]
        (WorkResult(content=bytes(17 * 2**20)), "content is limited to 16777216 bytes, got 17825792"),
        (WorkResult(messages="abc"), "messages must be a tuple of strings"),  # type: ignore[arg-type]
        (WorkResult(messages=(1,)), "messages must be a tuple of strings"),  # type: ignore[arg-type]
        (WorkResult(additional_headers=["a"]), "must be a mapping, not list"),  # type: ignore[arg-type]
        (WorkResult(additional_headers={"a": 1}), "must hold strings, got 'a': 1"),  # type: ignore[dict-item]
        (WorkResult(additional_headers={"regards.tenant": "x"}), "must not set 'regards.tenant'"),
        (WorkResult(additional_headers={"é" * 128: "x"}), "are limited to 255 bytes, got 256"),
        (WorkResult(additional_headers={"a": "x" * 65_536}), "are limited to 65536 bytes, got 65537"),
    ],
)
def test_it_refuses_a_result_that_could_not_be_answered(result: WorkResult, reason: str) -> None:
    with pytest.raises(InvalidResult, match=reason):
        run_once(lambda request, context: result)  # noqa: ARG005


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object()])
def test_it_refuses_what_json_cannot_hold(value: object) -> None:
    with pytest.raises(InvalidResult, match="cannot be written as JSON"):
        WorkResult.json(value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "The content is empty, a JSON object is expected"),
        (b"{", "The content is not JSON"),
        (b"\xff\xfe\xfa", "The content is not JSON"),
        (b"[1]", "The content must be a JSON object, not an array"),
        (b"null", "not null"),
        (b"1.5", "not a number"),
    ],
)
def test_it_names_what_is_wrong_with_json_content(content: bytes, reason: str) -> None:
    with pytest.raises(InvalidContent, match=reason):
        run_once(lambda request, context: WorkResult.json(json_content(request)), content=content)  # noqa: ARG005


def test_it_reads_json_content() -> None:
    result = run_once(lambda request, context: WorkResult.json(json_content(request)), content=b'{"a": 1}')  # noqa: ARG005
    assert result.content == b'{"a":1}'


def test_it_runs_a_bulk_and_tells_what_becomes_of_each(tmp_path: Path) -> None:
    lines: list[str] = []

    def work(requests: list[WorkRequest], context: WorkContext) -> list[object]:
        context.progress(f"{len(requests)} at once")
        (context.storage / "out").write_text(context.secret("key"))
        kinds = {b"bad": InvalidContent("bad"), b"odd": "text"}
        return [kinds.get(one.content, WorkResult(content=one.content)) for one in requests]

    contents = [b"good", b"bad", b"odd"]
    good, bad, odd = run_bulk(
        work, contents=contents, storage=tmp_path, secrets={"key": "sesame"}, progress=lines
    )
    assert good == WorkResult(content=b"good")
    assert isinstance(bad, InvalidContent)
    assert isinstance(odd, InvalidResult)
    assert lines == ["3 at once"]
    assert (tmp_path / "out").read_text() == "sesame"


def test_a_bulk_has_no_checkpoint() -> None:
    def work(requests: list[WorkRequest], context: WorkContext) -> list[WorkResult]:
        context.checkpoint.save(1)
        return [WorkResult() for _ in requests]

    with pytest.raises(InvalidCheckpoint, match="Work on a bulk has no checkpoint"):
        run_bulk(work, contents=[b""])


def test_a_result_may_hold_what_only_json_can_write() -> None:
    assert (
        WorkResult.json({"half": "\ud800", "whole": "é"}).content == b'{"half":"\\ud800","whole":"\xc3\xa9"}'
    )
