"""Manage batches: create them from uploaded files, look at them, and cancel them."""

import json
from dataclasses import asdict, dataclass

from imagegate.app.batch_ports import BatchPage, BatchRuns, BatchStore, StaleBatchError, SubjectTakenError
from imagegate.app.claims import check_repeat, new_claim
from imagegate.app.manage_files import ManageFiles
from imagegate.app.ports import Clock, NewId
from imagegate.domain.batch import (
    BATCH_RETENTION,
    COMPLETION_WINDOW,
    Batch,
    BatchProblem,
    BatchStatus,
    NewBatch,
    cancel,
    fail,
    may_cancel,
)
from imagegate.domain.errors import BatchNotFoundError, ConflictError, InternalError, InvalidValueError
from imagegate.domain.file import MAX_BATCH_FILE_BYTES, FilePurpose
from imagegate.domain.ids import BatchId, FileId, is_id
from imagegate.domain.project import Principal

# How often a cancellation is written that meets other writes.
_WRITE_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ManageBatches:
    """The batches of the caller's project; another project's and none at all look the same."""

    batches: BatchStore
    files: ManageFiles
    runs: BatchRuns
    clock: Clock
    new_id: NewId

    def create(self, principal: Principal, wanted: NewBatch, key: str | None) -> Batch:
        """Write a batch and start it; a repeat with the same key starts it too, in case the first died in between.

        Raises:
            CallerError: its file cannot be used, or its key was used for another batch.
        """
        batch = self._new(principal, wanted)
        content = json.dumps(asdict(wanted), sort_keys=True, default=str).encode()
        claim = new_claim(principal.project_id, key, content, batch.id, batch.created_at)
        try:
            batch = self.batches.add(batch, claim)
        except SubjectTakenError as taken:
            check_repeat(claim, taken.owner)
            batch = self.read(principal, taken.owner.subject_id)
        if batch.status is BatchStatus.VALIDATING:
            self._start(batch)
        return batch

    def read(self, principal: Principal, batch_id: str) -> Batch:
        """Return one batch.

        Raises:
            BatchNotFoundError: there is none in the caller's project.
        """
        batch = self.batches.read(principal.project_id, BatchId(batch_id)) if is_id("batch", batch_id) else None
        if batch is None:
            raise BatchNotFoundError(f"There is no batch {batch_id!r} in this project. Check the id and the API key.")
        return batch

    def page(self, principal: Principal, limit: int, after: str | None) -> BatchPage:
        """Return some of the project's batches, the newest first."""
        if after is not None and not is_id("batch", after):
            raise InvalidValueError("`after` must be the id of a batch.", param="after")
        return self.batches.page(principal.project_id, limit, BatchId(after) if after else None)

    def cancel(self, principal: Principal, batch_id: str) -> Batch:
        """Begin no further line of a batch; a repeat changes nothing.

        Raises:
            CallerError: there is no such batch, or it is over.
        """
        for _ in range(_WRITE_TRIES):
            batch = self.read(principal, batch_id)
            if not may_cancel(batch):
                message = f"This batch is {batch.status.value}: there is nothing left to cancel."
                raise ConflictError(message)
            if batch.status is BatchStatus.CANCELLING:
                return batch
            try:
                return self.batches.write(cancel(batch, self.clock()))
            except StaleBatchError:
                continue
        message = "This batch changed again and again. Repeat the request."
        raise ConflictError(message)

    def _start(self, batch: Batch) -> None:
        try:
            self.runs.start(batch)
        except Exception:
            message = "The gateway could not start this batch. Create another one."
            problem = BatchProblem(code=InternalError.code, message=message)
            self.batches.write(fail(batch, (problem,), self.clock()))
            raise

    def _new(self, principal: Principal, wanted: NewBatch) -> Batch:
        file = self.files.read(principal, wanted.input_file_id)
        if file.purpose is not FilePurpose.BATCH:
            message = "`input_file_id` must name a file that was uploaded with the purpose `batch`."
            raise InvalidValueError(message, param="input_file_id")
        if not file.size_bytes or file.size_bytes > MAX_BATCH_FILE_BYTES:
            what = "is too large" if file.size_bytes else "was not uploaded"
            raise InvalidValueError(f"The file {file.id} {what}.", param="input_file_id")
        now = self.clock()
        return Batch(
            id=BatchId(self.new_id("batch")),
            project_id=principal.project_id,
            key_id=principal.key_id,
            role=principal.role,
            endpoint=wanted.endpoint,
            input_file_id=FileId(file.id),
            input_key=file.key,
            status=BatchStatus.VALIDATING,
            created_at=now,
            window_ends_at=now + COMPLETION_WINDOW,
            expires_at=now + BATCH_RETENTION,
            metadata=dict(wanted.metadata),
            output_retention=wanted.output_retention,
        )
