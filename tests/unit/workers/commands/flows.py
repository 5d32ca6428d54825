"""Worker types and workflows for the tests of the command line."""

from collections.abc import Sequence

from pydantic import BaseModel

from workers.sdk import WorkContext, WorkRequest, WorkResult, worker_type
from workers.sdk.workflows import Condition, Workflow, chain, group, repeat, step


class Delivery(BaseModel):
    archive: str


class Files(BaseModel):
    paths: list[str]


@worker_type("flow-unpack", version="1.0", content_types=("delivery",), content_type_output="files")
def unpack(delivery: Delivery, _context: WorkContext) -> Files:
    return Files(paths=[delivery.archive])


@worker_type("flow-footprint", version="2", content_types=("files",), content_type_output="geometry", bulk=50)
def footprint(requests: Sequence[WorkRequest], _context: WorkContext) -> list[WorkResult]:
    return [WorkResult(content=request.content) for request in requests]


@worker_type("flow-silent", version="1")
def silent(_request: WorkRequest, _context: WorkContext) -> WorkResult:
    return WorkResult()


CHAIN = chain(step(unpack), group(step(footprint), step("flow-checksum")), step("flow-catalogue"))
INGEST = Workflow("ingest", CHAIN, priority=7, gathered={2: "geometry-and-digests"})
ONE_STEP = Workflow("one", step(unpack), keep_errors=False)
SILENT = Workflow("silent", chain(step(unpack), step(silent)))
NESTED = Workflow("nested", group(chain(step(unpack), step(footprint)), step(unpack)))
STRANGE = Workflow("strange", chain(step(unpack), step(unpack).clone(kwargs={"fast": True})))
RASTER = Condition("acme.kind", ("raster",))
CHOOSY = Workflow("choosy", chain(step(unpack), step("flow-quicklook", only_if=RASTER)))
HASTY = Workflow("hasty", chain(step(unpack, only_if=RASTER), step(unpack)))
CROWDED = Workflow("crowded", chain(step(unpack), group(step(unpack, only_if=RASTER), step(unpack))))
POOR = Condition("acme.fit", ("poor",))
LOOPED = Workflow(
    "looped",
    chain(
        step(unpack),
        repeat(
            step("flow-refine"),
            group(step(footprint), step("flow-checksum")),
            step("flow-measure", only_if=RASTER),
            while_=POOR,
            most=5,
        ),
        repeat(step("flow-poll"), while_=POOR, most=100, go_on=True),
    ),
    keep_headers=True,
)
LONELY = Workflow("lonely", group([step(unpack)]))
