"""Wiring of the `batch` function, which takes the steps of batches and of their lines."""

from dataclasses import dataclass, replace

import shared_names
from imagegate.app.ask_vendor import AskVendor
from imagegate.app.finalize_batch import FinalizeBatch
from imagegate.app.read_generation import ReadImages
from imagegate.app.receive_images import ReceiveImages
from imagegate.app.run_vendor_batches import RunVendorBatches
from imagegate.app.settle_line import SettleLine
from imagegate.app.validate_batch import ValidateBatch
from imagegate.app.vendor_chunks import VendorChunks
from imagegate.app.work_on_line import WorkOnLine
from imagegate.aws.batches import DynamoBatchStore
from imagegate.aws.objects import S3FileObjects, S3LineResults
from imagegate.fetching import GuardedFetch
from imagegate.wiring import deployment
from imagegate.wiring.deployment import new_id, now
from imagegate.wiring.generations import accept, generations


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchServices:
    """What the `batch` function needs."""

    validate: ValidateBatch
    work_on_line: WorkOnLine
    run_vendor_batches: RunVendorBatches
    finalize: FinalizeBatch
    read_images: ReadImages


def batch_services() -> BatchServices:
    """Build what the state machine of batches calls; a line's generation is run by a machine of its own."""
    parts = generations()
    bucket = deployment.setting(shared_names.IMAGES_BUCKET)
    batches = DynamoBatchStore(client=parts.jobs.client, table=parts.jobs.table)
    objects = S3FileObjects(store=parts.images)
    results = S3LineResults(client=parts.images.client, bucket=bucket)
    chunks = VendorChunks(objects=objects, lines=replace(results, folder="travelers"))
    work_on_line = WorkOnLine(
        batches=batches,
        objects=objects,
        results=results,
        accept=accept(parts),
        receive_images=ReceiveImages(images=parts.images, fetch=GuardedFetch(), new_id=new_id),
        jobs=parts.jobs,
        chunks=chunks,
        clock=now,
    )
    return BatchServices(
        validate=ValidateBatch(batches=batches, objects=objects, clock=now),
        work_on_line=work_on_line,
        run_vendor_batches=RunVendorBatches(
            batches=batches,
            chunks=chunks,
            ask=AskVendor(calls=parts.calls, download=parts.download),
            settle=SettleLine(calls=parts.calls, steps=parts.steps, jobs=parts.jobs, clock=now),
            work_on_line=work_on_line,
            clock=now,
        ),
        finalize=FinalizeBatch(batches=batches, objects=objects, results=results, clock=now, new_id=new_id),
        read_images=ReadImages(images=parts.images),
    )
