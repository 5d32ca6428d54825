import io
import json
import logging
from pathlib import Path

import pytest

from workers.contract.work_answer import AnswerStatus, WorkAnswer
from workers.contract.work_request import WorkRequest
from workers.sdk import WorkContext, WorkResult, masking, worker_type
from workers.sdk.config import WorkerConfig
from workers.sdk.errors import ConfigurationError, SecretMissing
from workers.sdk.logs import ConsoleFormatter, JsonFormatter
from workers.sdk.runner import Runner
from workers.sdk.secret_files import SecretFiles
from workers.sdk.testing import run_once
from workers.sdk.tracing import Tracing

_PASSWORD = 'a"b\\77131'


@pytest.fixture(autouse=True)
def _nothing_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_hidden", set())


@worker_type("careless", version="1")
def _careless(_request: WorkRequest, context: WorkContext) -> WorkResult:
    """Tell a secret in every way there is."""
    password = context.secret("password")
    context.progress(f"signing in with {password}")
    raise ValueError(f"{password} was refused")


def test_it_reads_a_secret_as_it_is_now(tmp_path: Path) -> None:
    (tmp_path / "api.key").write_text("first\n")
    assert SecretFiles(tmp_path).read("api.key") == "first"
    (tmp_path / "api.key").write_text("second\r\n")
    assert SecretFiles(tmp_path).read("api.key") == "second"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("none", "cannot be read: No such file or directory"),
        ("folder", "cannot be read: Is a directory"),
        ("../outside", "is no name of a secret"),
        (".hidden", "is no name of a secret"),
        ("empty", "is empty"),
        ("binary", "is not text in UTF-8"),
        ("large", "is limited to 65536 bytes"),
    ],
)
def test_it_says_why_there_is_no_such_secret(tmp_path: Path, name: str, reason: str) -> None:
    folder = tmp_path / "secrets"
    (folder / "folder").mkdir(parents=True)
    (tmp_path / "outside").write_text("outside")
    (folder / ".hidden").write_text("hidden")
    (folder / "empty").write_text("\n")
    (folder / "binary").write_bytes(b"\xff\xfe")
    (folder / "large").write_text("x" * 70_000)
    with pytest.raises(SecretMissing, match=reason):
        SecretFiles(folder).read(name)


def test_it_says_which_variable_names_the_folder() -> None:
    with pytest.raises(SecretMissing, match="WORKER_SECRETS_DIR is not set"):
        SecretFiles(None).read("password")
    with pytest.raises(ConfigurationError, match="WORKER_SECRETS_DIR='/no/such': there is no such folder"):
        WorkerConfig.from_env({"WORKER_SECRETS_DIR": "/no/such"})


def test_a_test_gives_the_secrets_itself() -> None:
    def work(_request: WorkRequest, context: WorkContext) -> WorkResult:
        return WorkResult(content=context.secret("key").encode())

    assert run_once(work, secrets={"key": "of the test"}).content == b"of the test"


def test_neither_answers_nor_logs_tell_a_secret(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(_PASSWORD)
    config = WorkerConfig.from_env({"REGARDS_VAR": str(tmp_path), "WORKER_SECRETS_DIR": str(tmp_path)})
    answers: list[WorkAnswer] = []
    plain, lines = io.StringIO(), io.StringIO()
    handlers = [logging.StreamHandler(plain), logging.StreamHandler(lines)]
    handlers[0].setFormatter(ConsoleFormatter("%(message)s"))
    handlers[1].setFormatter(JsonFormatter())
    logger = logging.getLogger("workers.sdk.runner")
    for handler in handlers:
        logger.addHandler(handler)
    try:
        runner = Runner(config=config, announce=answers.append, tracing=Tracing(config=config))
        request = WorkRequest(tenant="t", request_id="r", headers={}, dispatch_id="1:1:1")
        answers.append(runner.answer(worker_type="careless", request=request))
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
    assert [answer.status for answer in answers] == [AnswerStatus.RUNNING, AnswerStatus.ERROR]
    assert [answer.messages for answer in answers] == [
        ("signing in with ***",),
        ("ValueError: *** was refused",),
    ]
    assert "*** was refused" in plain.getvalue()
    assert "Traceback" in plain.getvalue()
    assert "ValueError: *** was refused" in json.loads(lines.getvalue().splitlines()[-1])["exception"]
    assert "77131" not in plain.getvalue() + lines.getvalue()


def test_it_tells_no_secret_by_its_escapes() -> None:
    masking.hide("top\x1b\\secret")
    record = logging.makeLogRecord({"msg": "signing in with top\x1b\\secret"})
    assert ConsoleFormatter("%(message)s").format(record) == "signing in with ***"
