"""A workflow that is composed in Python, and the worker types of its steps."""

import json

from pydantic import BaseModel

from workers.sdk import WorkContext, WorkRequest, WorkResult, worker_type
from workers.sdk.workflows import Workflow, chain, group, step


class Text(BaseModel):
    text: str


class Words(BaseModel):
    words: list[str]


@worker_type("python-split", version="1", content_types=("python-text",), content_type_output="python-words")
def split(text: Text, _context: WorkContext) -> Words:
    return Words(words=text.text.split())


@worker_type("python-shout", version="1", content_types=("python-words",), content_type_output="python-loud")
def shout(words: Words, _context: WorkContext) -> Words:
    return Words(words=[word.upper() for word in words.words])


# A content type goes to one worker type: it is enough that one member of the step takes what comes.
@worker_type(
    "python-count", version="1", content_types=("python-words-to-count",), content_type_output="json"
)
def count(words: Words, _context: WorkContext) -> WorkResult:
    return WorkResult.json(len(words.words), additional_headers={"acme.counted": "yes"})


@worker_type("python-tell", version="1", content_types=("python-both",), content_type_output="json")
def tell(request: WorkRequest, _context: WorkContext) -> WorkResult:
    return WorkResult.json([json.loads(request.content), dict(request.headers)])


CHAIN = chain(step(split), group(step(shout), step(count)), step(tell))
FLOW = Workflow("python-flow", CHAIN, gathered={2: "python-both"})
