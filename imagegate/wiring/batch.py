"""Wiring of the `batch` function, which takes the steps of batches and of their lines."""

from dataclasses import dataclass

import shared_names
from imagegate.app.finalize_batch import FinalizeBatch
from imagegate.app.read_generation import ReadImages
from imagegate.app.receive_images import ReceiveImages
from imagegate.app.validate_batch import ValidateBatch
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
    finalize: FinalizeBatch
    read_images: ReadImages


def batch_services() -> BatchServices:
    """Build what the state machine of batches calls; a line's generation is run by a machine of its own."""
    parts = generations()
    bucket = deployment.setting(shared_names.IMAGES_BUCKET)
    batches = DynamoBatchStore(client=parts.jobs.client, table=parts.jobs.table)
    objects = S3FileObjects(store=parts.images)
    results = S3LineResults(client=parts.images.client, bucket=bucket)
    return BatchServices(
        validate=ValidateBatch(batches=batches, objects=objects, clock=now),
        work_on_line=WorkOnLine(
            batches=batches,
            objects=objects,
            results=results,
            accept=accept(parts),
            receive_images=ReceiveImages(images=parts.images, fetch=GuardedFetch(), new_id=new_id),
            jobs=parts.jobs,
            clock=now,
        ),
        finalize=FinalizeBatch(batches=batches, objects=objects, results=results, clock=now, new_id=new_id),
        read_images=ReadImages(images=parts.images),
    )
